//! stub
pub(crate) fn bench(_: &crate::workspace::Workspace, _: Option<&str>, _: u32, _: u32) -> anyhow::Result<()> {
    Ok(())
}

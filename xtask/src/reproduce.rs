//! stub
pub(crate) fn reproduce(_: &crate::workspace::Workspace) -> anyhow::Result<()> {
    Ok(())
}

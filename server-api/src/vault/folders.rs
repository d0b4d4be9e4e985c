//! Folders of the server on the local disk: readable by its own user only.

use crate::errors::ApiResult;
use std::path::Path;

/// Makes a folder, with its parents, that only this user may enter.
///
/// # Errors
/// `storage_full` or `internal`.
pub fn make_private(dir: &Path) -> ApiResult<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    Ok(())
}

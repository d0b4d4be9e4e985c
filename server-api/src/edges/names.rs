//! The resolver that mail asks for names and policies.

use crate::config::{Dns, Mail};
use crate::errors::{ApiError, ApiResult};
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;
use std::time::Duration;

/// How it is set up; none if nobody is asked.
///
/// # Errors
/// `internal` if the system names no resolver.
pub(crate) fn resolver(mail: &Mail) -> ApiResult<Option<(ResolverConfig, ResolverOpts)>> {
    let mut options = ResolverOpts::default();
    let config = match mail.dns {
        Dns::Off => return Ok(None),
        Dns::Resolver(address) => {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            for connection in &mut server.connections {
                connection.port = address.port();
            }
            ResolverConfig::from_name_servers(vec![server])
        }
        Dns::System => {
            let (config, of_system) = read_system_conf().map_err(|_| unusable())?;
            options = of_system;
            config
        }
    };
    options.timeout = Duration::from_secs(2);
    options.attempts = 2;
    Ok(Some((config, options)))
}

/// What is said when there is no resolver to be had.
pub(crate) fn unusable() -> ApiError {
    ApiError::internal("no resolver can be used: set mail.dns, or set it to off")
}

//! Which servers take the mail of a domain (RFC 5321 section 5.1), and which addresses we go to at all.

use crate::config::Mail;
use crate::edges::names;
use crate::errors::{ApiError, ApiResult};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};
use rand::seq::SliceRandom as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most servers of a domain that are tried, and most addresses of one of them.
const HOSTS: usize = 8;
const ADDRESSES: usize = 4;

/// Why there is no way to a domain.
#[derive(Debug)]
pub(super) enum NoRoute {
    /// There never will be: the enhanced status code, and the words for the sender.
    Never(&'static str, &'static str),
    /// Not now.
    Later(&'static str, &'static str),
}

/// Who is asked.
pub(super) struct Routes {
    resolver: TokioResolver,
    hostname: String,
    private: bool,
}

impl Routes {
    /// # Errors
    /// `internal` if there is no resolver to be had.
    pub(super) fn new(mail: &Mail) -> ApiResult<Self> {
        let (config, options) =
            names::resolver(mail)?.ok_or_else(|| ApiError::internal("mail leaves with a resolver only"))?;
        let resolver = Resolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(|_| names::unusable())?;
        Ok(Self { resolver, hostname: mail.hostname.clone(), private: mail.outgoing.private })
    }

    /// The names of a domain's servers, best first.
    pub(super) async fn hosts(&self, domain: &str) -> Result<Vec<String>, NoRoute> {
        // An address is no domain, and must not be taken for one.
        let last = domain.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoRoute::Never("5.1.2", "The address does not end with the name of a domain."));
        }
        let answer = match self.resolver.mx_lookup(format!("{domain}.")).await {
            Ok(answer) => answer,
            Err(error) if error.is_nx_domain() => {
                return Err(NoRoute::Never("5.1.2", "There is no such domain."));
            }
            // Without MX records the domain's own name is its server (RFC 5321 section 5.1).
            Err(error) if error.is_no_records_found() => return Ok(vec![domain.to_owned()]),
            Err(_) => return Err(NoRoute::Later("4.4.3", "The name servers of the domain do not answer.")),
        };
        let mut records: Vec<(u16, String)> = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => {
                    let name = mx.exchange.to_ascii();
                    Some((mx.preference, name.trim_end_matches('.').to_ascii_lowercase()))
                }
                _ => None,
            })
            .collect();
        if records.is_empty() {
            return Ok(vec![domain.to_owned()]);
        }
        if records.iter().all(|(_, name)| name.is_empty()) {
            // RFC 7505.
            return Err(NoRoute::Never("5.1.10", "The domain takes no mail."));
        }
        // Equals in any order; what is not better than ourselves would lead back to us.
        records.shuffle(&mut rand::thread_rng());
        records.sort_by_key(|(preference, _)| *preference);
        let ourselves =
            records.iter().find(|(_, name)| *name == self.hostname).map(|(preference, _)| *preference);
        records
            .retain(|(preference, name)| !name.is_empty() && ourselves.is_none_or(|own| *preference < own));
        if records.is_empty() {
            return Err(NoRoute::Never("5.4.6", "The domain's mail leads back to this server."));
        }
        records.truncate(HOSTS);
        Ok(records.into_iter().map(|(_, name)| name).collect())
    }

    /// The addresses of a server that mail may go to.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoRoute> {
        let found = self.resolver.lookup_ip(format!("{host}.")).await;
        let found: Vec<IpAddr> = match found {
            Ok(found) => found.iter().map(|address| address.to_canonical()).collect(),
            Err(error) => return Err(without_address(&error)),
        };
        let mut allowed: Vec<IpAddr> =
            found.into_iter().filter(|address| self.private || is_public(*address)).collect();
        allowed.truncate(ADDRESSES);
        if allowed.is_empty() {
            // Nothing that a name server says makes this server talk to the network behind it.
            return Err(NoRoute::Never("5.4.4", "The domain's server is at no public address."));
        }
        Ok(allowed)
    }
}

fn without_address(error: &NetError) -> NoRoute {
    if error.is_no_records_found() {
        NoRoute::Never("5.4.4", "The domain's server has no address.")
    } else {
        NoRoute::Later("4.4.3", "The name servers of the domain's server do not answer.")
    }
}

/// Whether an address is one of the public Internet (the registries of RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 100 && (64..128).contains(&b)
        || a == 192 && b == 0 && c == 0
        || a == 198 && (18..20).contains(&b)
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, ..] = address.segments();
    let [.., w, x, y, z] = address.octets();
    // Translated addresses lead to the IPv4 address within.
    if a == 0x64 && b == 0xff9b {
        return c == 0 && d == 0 && is_public_v4(Ipv4Addr::new(w, x, y, z));
    }
    if a == 0x2002 {
        let [b0, b1] = b.to_be_bytes();
        let [c0, c1] = c.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(b0, b1, c0, c1));
    }
    // Global unicast is 2000::/3; of it, neither protocol assignments nor documentation.
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x3fff
}

//! Which mailboxes mail for an address goes to: an account's own address, an alias, a part behind `+`, and at
//! last whoever takes everything. Aliases lead to accounts and never to other aliases, so nothing goes in circles.

use super::store;
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::{Db, Tx};
use wire::ids::AccountId;
use wire::plaintext::Address;
use wire::sealed::Certificate;

/// A mailbox that mail for an address goes to.
#[derive(Debug)]
pub struct Mailbox {
    /// Whose.
    pub account: AccountId,
    /// The certificate it is sealed to.
    pub certificate: Certificate,
    /// The bytes it has room for.
    pub room: u64,
}

/// An alias and one account it leads to.
#[derive(Debug)]
pub struct Alias {
    /// The address, or `*@domain`.
    pub alias: String,
    /// The account's address.
    pub account: String,
}

/// The mailboxes that mail for an address goes to; none if nobody has it.
///
/// # Errors
/// From the database; `damaged` if a certificate does not agree with its digest.
pub async fn mailboxes(tx: &mut Tx, address: &Address) -> ApiResult<Vec<Mailbox>> {
    // `name+anything` is `name` (RFC 5233), unless somebody has just that address.
    let plain = address
        .local()
        .split_once('+')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, _)| format!("{name}@{}", address.domain()));
    for address in [Some(address.as_str().to_owned()), plain].into_iter().flatten() {
        let own = store::mailboxes_of_account(tx, &address).await?;
        let found = if own.is_empty() { store::mailboxes_of_alias(tx, &address).await? } else { own };
        if !found.is_empty() {
            return Ok(found);
        }
    }
    store::mailboxes_of_alias(tx, &format!("*@{}", address.domain())).await
}

/// Whether an address is an alias.
pub(super) async fn is_alias(tx: &mut Tx, address: &Address) -> ApiResult<bool> {
    Ok(!store::mailboxes_of_alias(tx, address.as_str()).await?.is_empty())
}

/// Every alias, once for each account it leads to.
///
/// # Errors
/// From the database.
pub async fn aliases(db: &Db) -> ApiResult<Vec<Alias>> {
    let all = store::aliases(&mut db.read().await?).await?;
    Ok(all.into_iter().map(|(alias, account)| Alias { alias, account }).collect())
}

/// Makes an address, or `*@domain`, lead to these accounts too.
///
/// # Errors
/// `malformed` if it is no address of `domain`; `address_taken` if an account has it; `no_such_recipient` naming
/// an account that is not here.
pub async fn add_alias(db: &Db, domain: &str, alias: &str, accounts: &[Address]) -> ApiResult<()> {
    let alias = alias.trim().to_ascii_lowercase();
    let everything = alias == format!("*@{domain}");
    let address: Option<Address> = alias.parse().ok().filter(|address: &Address| address.domain() == domain);
    if address.is_none() && !everything {
        return Err(ApiError::malformed(format!("an alias is an address of {domain}, or *@{domain}")));
    }
    let (alias, address) = (&alias, &address);
    db.write(|mut tx| async move {
        if let Some(address) = address.as_ref().filter(|_| !everything)
            && store::find(&mut tx, address).await?.is_some()
        {
            return Err(store::taken());
        }
        for account in accounts {
            let id = store::find(&mut tx, account)
                .await?
                .ok_or_else(|| crate::keys::service::no_such_recipient(account.clone()))?;
            store::insert_alias(&mut tx, alias, &id).await?;
        }
        Ok((tx, ()))
    })
    .await
}

/// Takes no more mail for an alias. Gives the number of accounts it led to.
///
/// # Errors
/// From the database.
pub async fn remove_alias(db: &Db, alias: &str) -> ApiResult<u64> {
    let alias = &alias.trim().to_ascii_lowercase();
    db.write(|mut tx| async move {
        let led_to = store::delete_alias(&mut tx, alias).await?;
        Ok((tx, led_to))
    })
    .await
}

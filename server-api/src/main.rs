//! `hedgerow-server`: the command line.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use server_api::app::{now, random};
use server_api::config::{Config, DatabaseUrl};
use server_api::vault::db::Db;
use server_api::{accounts, edges, inventory, logging, serve, values, vault};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
use wire::plaintext::{Address, Invitation};

/// The Hedgerow server: stores ciphertext and wrapped keys, and nothing it could read.
#[derive(Debug, Parser)]
#[command(name = "hedgerow-server", version)]
struct Arguments {
    /// A TOML file; each key can also be set as HEDGEROW_SECTION__KEY (see hedgerow.example.toml).
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT.
    Serve,
    /// Bring the database schema up to date.
    Migrate,
    /// Make invitations and print their codes; only hashes of them are kept.
    Invite {
        /// How many.
        #[arg(long, default_value_t = 1)]
        count: u32,
    },
    /// Print what the server keeps, with classes, and compare it with the live database.
    Inventory,
    /// Look for damage in the database: its structure, rows that refer to others which are not there,
    /// addresses that are not those of their certificates.
    Check,
    /// For a write-ahead log of SQLite that is damaged beyond repair: keep copies of the database and its
    /// log, and go on without the transactions that cannot be read.
    AcceptLostTransactions,
    /// The server's own secrets.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Further addresses of accounts.
    Alias {
        #[command(subcommand)]
        command: AliasCommand,
    },
    /// Print the DNS records of the mail domain: MX, SPF, DKIM, DMARC. Makes the DKIM keys if there are none.
    Dns {
        /// The domain; it must be the one of the addresses.
        domain: Option<String>,
    },
    /// Look at accounts.
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
}

#[derive(Debug, Subcommand)]
enum AliasCommand {
    /// Every alias and whom it leads to.
    List,
    /// Take mail for one more address; `*@domain` takes what nobody has. Several accounts make a list.
    Add {
        /// The address.
        alias: String,
        /// The accounts that get the mail.
        #[arg(required = true)]
        accounts: Vec<String>,
    },
    /// Take no more mail for an alias.
    Remove {
        /// The address.
        alias: String,
    },
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// For a secrets file that is lost for good: the next start makes new secrets. The passphrases of
    /// all accounts stop working; with the recovery phrase each person sets a new one.
    Renew,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Every account: address, creation, bytes stored.
    List,
    /// Everything held on one account, with the class of each field.
    Show {
        /// Whose.
        address: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = leave_no_core_dump() {
        let _ = writeln!(std::io::stderr(), "hedgerow-server: core dumps cannot be turned off: {error}");
    }
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime does not start")
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "hedgerow-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A core dump would write the server's secrets to the disk. Once set, other processes of the same user
/// cannot read this one's memory either.
#[cfg(unix)]
fn leave_no_core_dump() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(not(unix))]
fn leave_no_core_dump() -> std::io::Result<()> {
    Ok(())
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(arguments.config.as_deref())?;
    logging::start(&config.log)?;
    let mut out = std::io::stdout();
    match arguments.command {
        Command::Serve => {
            let shutdown = CancellationToken::new();
            // Before listening, so that no signal finds the default handler.
            let signals = Signals::new()?;
            let serving = serve(config, shutdown.clone()).await?;
            tracing::info!(port = serving.address().port(), "serving");
            tokio::spawn(signals.forward(shutdown));
            serving.wait().await?;
        }
        Command::Migrate => {
            let db = open(&config).await?;
            db.close().await;
            writeln!(out, "The database is up to date.")?;
        }
        Command::Invite { count } => {
            let db = open(&config).await?;
            for _ in 0..count {
                writeln!(out, "{}", invite(&db).await?)?;
            }
            db.close().await;
        }
        Command::Inventory => {
            let db = open(&config).await?;
            let known = inventory::Inventory::built_in()?;
            write!(out, "{known}")?;
            let faults = inventory::check(&known, &db).await?;
            db.close().await;
            for fault in &faults {
                writeln!(out, "FAULT {fault}")?;
            }
            if !faults.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
            writeln!(
                out,
                "The live database has these columns and no others, and its ciphertext is sealed."
            )?;
        }
        Command::Check => {
            let db = open(&config).await?;
            let mut faults = db.self_check().await?;
            faults.extend(accounts::service::check(&db).await?);
            db.close().await;
            for fault in &faults {
                writeln!(out, "DAMAGED {fault}")?;
            }
            if !faults.is_empty() {
                writeln!(out, "Put back a backup of the database, or ask for help before changing it.")?;
                return Ok(ExitCode::FAILURE);
            }
            writeln!(out, "Nothing is damaged, as far as the server can see.")?;
        }
        Command::AcceptLostTransactions => writeln!(out, "{}", accept_loss(&config).await?)?,
        Command::Secrets { command: SecretsCommand::Renew } => {
            let db = open(&config).await?;
            vault::secrets::renew(&db, config.data.secrets_file.as_deref()).await?;
            db.close().await;
            writeln!(
                out,
                "The next start makes new secrets. Passphrases stop working; recovery phrases set new ones."
            )?;
        }
        Command::Alias { command } => {
            let db = open(&config).await?;
            let domain = &config.accounts.domain;
            match command {
                AliasCommand::List => {
                    for alias in accounts::service::aliases(&db).await? {
                        writeln!(out, "{} -> {}", alias.alias, alias.account)?;
                    }
                }
                AliasCommand::Add { alias, accounts } => {
                    let accounts =
                        accounts.iter().map(|text| text.parse()).collect::<Result<Vec<Address>, _>>()?;
                    accounts::service::add_alias(&db, domain, &alias, &accounts).await?;
                }
                AliasCommand::Remove { alias } => {
                    let led_to = accounts::service::remove_alias(&db, &alias).await?;
                    writeln!(out, "It led to {led_to}.")?;
                }
            }
            db.close().await;
        }
        Command::Dns { domain } => {
            let ours = &config.accounts.domain;
            anyhow::ensure!(
                domain.is_none_or(|domain| domain.eq_ignore_ascii_case(ours)),
                "this server has addresses at {ours} only (accounts.domain)"
            );
            let db = open(&config).await?;
            write!(out, "{}", edges::smtp_out::records(&config, &db).await?)?;
            db.close().await;
        }
        Command::Account { command } => {
            let db = open(&config).await?;
            match command {
                AccountCommand::List => inventory::list_accounts(&db, &mut out).await?,
                AccountCommand::Show { address } => {
                    let address: Address = address.parse()?;
                    inventory::show_account(&db, &address, &mut out).await?;
                }
            }
            db.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Goes on without the transactions that a damaged log holds; says what that did.
async fn accept_loss(config: &Config) -> anyhow::Result<String> {
    let DatabaseUrl::Sqlite(path) = &config.data.database_url else {
        anyhow::bail!("PostgreSQL keeps its own log; see its documentation on recovery");
    };
    let Some(loss) = vault::wal::accept_loss(path)? else {
        return Ok("Nothing is damaged beyond repair; nothing was changed.".to_owned());
    };
    let db = open(config).await?;
    let faults = db.self_check().await?;
    db.close().await;
    anyhow::ensure!(
        faults.is_empty(),
        "the database itself is damaged as well: {}. Put a backup in its place",
        faults.join("; ")
    );
    Ok(format!(
        "{} committed transactions were dropped. Copies of the database and its log are kept beside them \
         (.damaged-…). The server can be started.",
        loss.transactions
    ))
}

async fn open(config: &Config) -> anyhow::Result<Db> {
    vault::folders::make_private(&config.data.dir)?;
    let db = Db::open(&config.data.database_url).await?;
    vault::migrations::run(&db).await?;
    accounts::service::add_digests(&db).await?;
    Ok(db)
}

/// 80 random bits in groups that can be read out over a telephone.
async fn invite(db: &Db) -> anyhow::Result<String> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letters: Vec<char> = random::<16>()
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let code = groups.join("-");
    let hash = accounts::service::invitation_hash(&Invitation(code.clone()));
    db.write(|mut tx| async move {
        tx.execute("INSERT INTO invitations (code_hash, created_at) VALUES ($1, $2)", values![&hash, now()])
            .await?;
        Ok((tx, ()))
    })
    .await?;
    Ok(code)
}

/// The signals that stop the server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn forward(mut self, shutdown: CancellationToken) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        shutdown.cancel();
    }

    #[cfg(not(unix))]
    async fn forward(self, shutdown: CancellationToken) {
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
    }
}

// The peer of `cargo xtask bench inbox`: Debian's Roundcube on Debian's Dovecot, both on loopback, with
// as many plain messages in the inbox as ours has sealed ones. Nothing outside `dir` is written.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync, symlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { execFileSync } from "node:child_process";

export const USER = "alice";
export const PASSWORD = "an-ordinary-password";

/** A free TCP port of the loopback interface. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether someone greets at the port. */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

/** Whether the peer is installed (Debian: roundcube-core roundcube-sqlite3 php-cli dovecot-imapd). */
export function installed() {
  return existsSync("/usr/share/roundcube/index.php") && existsSync("/usr/sbin/dovecot") && existsSync("/usr/bin/php");
}

const id = (name, flag) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }).trim());

function fillMaildir(maildir, count) {
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(maildir, part), { recursive: true });
  const start = Date.UTC(2026, 0, 1);
  for (let n = 0; n < count; n++) {
    const date = new Date(start + n * 60_000);
    const text = (
      `Return-Path: <bob@hedgerow.test>\r\nFrom: Bob Example <bob@hedgerow.test>\r\nTo: alice@hedgerow.test\r\n` +
      `Subject: Message number ${n} about the allotment\r\nDate: ${date.toUTCString().replace("GMT", "+0000")}\r\n` +
      `Message-ID: <m${n}@hedgerow.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n` +
      `Dear Alice,\r\n\r\nthis is message ${n}. The beans are coming up.\r\n\r\nBob\r\n`
    ).replaceAll("\r\n", "\n");
    const name = `${Math.floor(date.getTime() / 1000)}.M${n}.bench:2,`;
    writeFileSync(join(maildir, "cur", name), text);
  }
}

/** Starts both; resolves to `{ url, stop }`. */
export async function start(dir, count) {
  const [imap, http] = [await freePort(), await freePort()];
  const maildir = join(dir, "mail", USER, "Maildir");
  fillMaildir(maildir, count);
  // Dovecot refuses to read mail as root.
  const mailUser = id("mail", "-u");
  const mailGroup = id("mail", "-g");
  execFileSync("chown", ["-R", `${mailUser}:${mailGroup}`, join(dir, "mail")]);
  execFileSync("chmod", ["a+rx", dir]);
  const conf = join(dir, "dovecot.conf");
  writeFileSync(
    conf,
    `
base_dir = ${dir}/run
log_path = ${dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:${dir}/mail/%n/Maildir
default_internal_user = dovecot
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=${mailUser} gid=${mailGroup} home=${dir}/mail/%n
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
  const dovecot = spawn("/usr/sbin/dovecot", ["-F", "-c", conf], { stdio: "ignore" });

  const config = join(dir, "config");
  const temp = join(dir, "temp");
  mkdirSync(config);
  mkdirSync(temp);
  const database = join(dir, "roundcube.db");
  writeFileSync(
    join(config, "config.inc.php"),
    `<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///${database}?mode=0640';
$config['imap_host'] = 'localhost:${imap}';
$config['smtp_host'] = 'localhost:1';
$config['des_key'] = 'bench-only-0123456789abc';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['language'] = 'en_US';
$config['enable_spellcheck'] = false;
$config['log_dir'] = '${temp}';
$config['temp_dir'] = '${temp}';
$config['imap_cache'] = 'db';
$config['messages_cache'] = 'db';
$config['session_lifetime'] = 60;
`,
  );
  writeFileSync(join(config, "defaults.inc.php"), "<?php include '/etc/roundcube/defaults.inc.php';\n");
  symlinkSync("/etc/roundcube/mimetypes.php", join(config, "mimetypes.php"));
  execFileSync("php", [
    "-r",
    `$db = new PDO('sqlite:${database}'); $db->exec(file_get_contents('/usr/share/roundcube/SQL/sqlite.initial.sql'));`,
  ]);
  const env = { ...process.env, ROUNDCUBE_CONFIG_DIR: config, PHP_CLI_SERVER_WORKERS: "4" };
  const php = spawn(
    "php",
    ["-d", "opcache.enable_cli=1", "-d", "opcache.enable=1", "-S", `127.0.0.1:${http}`, "-t", "/var/lib/roundcube/public_html"],
    // A group of its own: php starts workers that its end would leave behind.
    { stdio: "ignore", env, detached: true },
  );
  const url = `http://127.0.0.1:${http}/`;
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(url)).ok) break;
    } catch {
      /* not up yet */
    }
    if (tries > 100) throw new Error("Roundcube did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (let tries = 0; !(await listens(imap)); tries++) {
    if (tries > 100) throw new Error("Dovecot did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    stop() {
      process.kill(-php.pid, "SIGTERM");
      dovecot.kill("SIGTERM");
    },
  };
}

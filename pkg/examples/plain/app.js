// Without a bundler: the unpacked package lies beside this file. Everything shown is set as text.
import { decrypt, encrypt, makeKey, readCertificate, readSecretKey } from "./hedgerow-crypto/src/browser.js";

const at = (id) => document.getElementById(id);
const STORE = "letters.key"; // the locked key

/** The unlocked key: a handle. What it holds never becomes a value of this page. */
let key;
let other;

/** Runs what a form or button asks for; says in words what went wrong. */
async function asked(source, work) {
  at("fault").textContent = "";
  source.disabled = true;
  try {
    await work();
  } catch (error) {
    at("fault").textContent = error.remedy ? `${error.message}. ${error.remedy}` : String(error);
  } finally {
    source.disabled = false;
  }
}
const onSubmit = (id, work) =>
  at(id).addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    asked(form.querySelector("button"), () => work(form.elements, form));
  });
const onClick = (id, work) => at(id).addEventListener("click", ({ target }) => asked(target, work));

/** Fingerprints are read aloud in groups of four. */
const grouped = (fingerprint) => fingerprint.match(/.{1,4}/g).join(" ");

async function show() {
  const stored = localStorage.getItem(STORE);
  at("make").hidden = Boolean(key || stored);
  at("unlock").hidden = Boolean(key || !stored);
  at("mine").hidden = !key;
  if (key) {
    at("fingerprint").textContent = grouped(key.fingerprint);
    at("certificate").value = key.certificate.armored;
  } else if (stored) {
    at("stored").textContent = grouped((await readSecretKey(stored)).fingerprint);
  }
}

onSubmit("make", async ({ who, passphrase }, form) => {
  key = await makeKey({ userIds: who.value });
  localStorage.setItem(STORE, (await key.lock(passphrase.value)).armored);
  form.reset();
  await show();
});

onSubmit("unlock", async ({ passphrase }, form) => {
  const locked = await readSecretKey(localStorage.getItem(STORE));
  key = await locked.unlock(passphrase.value);
  form.reset();
  await show();
});

onClick("lock", async () => {
  key.free();
  key = undefined;
  at("letter").hidden = true;
  at("verdict").textContent = "";
  await show();
});

onClick("forget", async () => {
  if (!confirm("Without a copy of the key, letters to it can never be read again. Forget it?")) return;
  localStorage.removeItem(STORE);
  await show();
});

onSubmit("other", async ({ text }) => {
  other = undefined;
  const read = await readCertificate(text.value);
  at("judged").textContent = read.usable
    ? `${read.userIds[0] ?? "Nobody named"}: ${grouped(read.fingerprint)} — compare this with them, by telephone for example.`
    : `Not usable: ${read.reason}.`;
  if (read.usable) other = read;
});

onSubmit("write", async ({ text }) => {
  needKey();
  if (!other) throw new Error("Read their certificate first.");
  const { message } = await encrypt(text.value, { to: [other, key.certificate], from: key, armor: true });
  at("message").value = message;
  at("sent").hidden = false;
});

onSubmit("read", async ({ text }) => {
  needKey();
  at("letter").hidden = true;
  at("verdict").textContent = "";
  const signers = other ? [other, key.certificate] : [key.certificate];
  const { content, signatures } = await decrypt(text.value, { keys: key, signers, as: "text" });
  at("verdict").textContent = verdictOf(signatures);
  at("letter").textContent = content;
  at("letter").hidden = false;
});

function needKey() {
  if (!key) throw new Error("Make or unlock your key first.");
}

/** In words, and never more than is known. */
function verdictOf(signatures) {
  if (signatures.length === 0) return "Not signed: anybody could have written this.";
  const good = signatures.find(({ verdict }) => verdict === "good");
  if (good) return `Signed by ${good.signer.userIds[0] ?? grouped(good.signer.fingerprint)}.`;
  const [{ verdict, detail }] = signatures;
  if (verdict === "broken") return "The signature does not fit: do not trust this.";
  return verdict === "unknown" ? "Signed by somebody whose certificate is not here." : `The signature does not count: ${detail}.`;
}

await show();

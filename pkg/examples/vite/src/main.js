import { decrypt, encrypt, makeKey, readCertificates, readSecretKey } from "@hedgerow/crypto";
import "./style.css";

const STORE = "parcels.key";
const form = (id) => document.getElementById(id);
let key;

/** Runs a form's work, and shows its answer or what went wrong. */
function onSubmit(id, work) {
  form(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const [output, button] = [form(id).querySelector("output"), form(id).querySelector("button")];
    output.textContent = "…";
    button.disabled = true;
    try {
      output.textContent = await work(form(id).elements);
    } catch (error) {
      output.textContent = error.remedy ? `${error.message}. ${error.remedy}` : String(error);
    } finally {
      button.disabled = false;
    }
  });
}

/** Offers a blob below a form. */
function offer(link, blob, name) {
  URL.revokeObjectURL(link.href);
  Object.assign(link, { href: URL.createObjectURL(blob), download: name, hidden: false });
}

/** The certificates in some files, armored or not. */
async function certificatesOf(files) {
  const read = Array.from(files, async (file) => readCertificates(new Uint8Array(await file.arrayBuffer())));
  return (await Promise.all(read)).flatMap(({ certificates }) => certificates);
}

onSubmit("key", async ({ who, passphrase }) => {
  const stored = localStorage.getItem(STORE);
  key?.free();
  if (stored) {
    key = await (await readSecretKey(stored)).unlock(passphrase.value);
  } else {
    key = await makeKey({ userIds: who.value });
    localStorage.setItem(STORE, (await key.lock(passphrase.value)).armored);
  }
  passphrase.value = "";
  offer(form("certificate"), new Blob([key.certificate.armored]), "certificate.asc");
  return `${key.certificate.userIds[0]}, ${key.fingerprint}`;
});

onSubmit("seal", async ({ to, file }) => {
  if (!key) throw new Error("Open your key first.");
  const [content] = file.files;
  const others = await certificatesOf(to.files);
  // A file gives a blob: it is read, and the parcel kept, piece by piece, whatever its size.
  const { message, why } = await encrypt(content, {
    to: [...others, key.certificate], from: key, filename: content.name,
  });
  offer(form("seal").querySelector("a"), message, `${content.name}.gpg`);
  return `For ${others.map(({ userIds }) => userIds[0]).join(", ")} and you (${why}).`;
});

onSubmit("open", async ({ from, file }) => {
  if (!key) throw new Error("Open your key first.");
  const link = form("open").querySelector("a");
  link.hidden = true;
  const signers = [...(await certificatesOf(from.files)), key.certificate];
  const { content, filename = "parcel", signatures } = await decrypt(file.files[0], { keys: key, signers });
  offer(link, content, filename);
  const good = signatures.find(({ verdict }) => verdict === "good");
  return good ? `Signed by ${good.signer.userIds[0]}.` : "No good signature: anybody could have sent this.";
});

document.querySelector(".who").hidden = localStorage.getItem(STORE) !== null;

// What a person does, in the words that a screen reader says (DESIGN section 8).
import assert from "node:assert/strict";

const SLOW = { timeout: 60_000 };

function field(page, name) {
  return page.getByLabel(name, { exact: true });
}

function button(page, name) {
  return page.getByRole("button", { name, exact: typeof name === "string" });
}

/** Makes an account and returns the 24 words. */
export async function signUp(person, address, passphrase, pictures = "") {
  const { page } = person;
  await page.goto("/signup");
  await field(page, "Address").fill(address);
  await field(page, "Passphrase").fill(passphrase);
  await field(page, "Repeat passphrase").fill(passphrase);
  if (pictures) await person.look(`${pictures}-signup`);
  await button(page, "Create account").click();
  await page.getByRole("heading", { name: "Recovery phrase" }).waitFor(SLOW);
  const items = page.getByRole("list", { name: "Recovery phrase" }).getByRole("listitem");
  const words = (await items.allInnerTexts()).map((text) => text.replace(/[^a-z]/g, ""));
  assert.equal(words.length, 24, "the recovery phrase has 24 words");
  assert.ok(words.every((word) => word.length >= 3), "each of them is a word");
  if (pictures) await person.look(`${pictures}-recovery-phrase`);
  await button(page, "I have saved it").click();
  await inboxShows(person);
  return words;
}

export async function signIn(person, address, passphrase) {
  const { page } = person;
  await page.goto("/login");
  await field(page, "Address").fill(address);
  await field(page, "Passphrase").fill(passphrase);
  await button(page, "Sign in").click();
}

export async function inboxShows(person) {
  await button(person.page, "New message").first().waitFor(SLOW);
  await person.page.getByRole("navigation", { name: "Folders" }).first().waitFor();
}

export async function recover(person, address, words, passphrase) {
  const { page } = person;
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot passphrase" }).click();
  await field(page, "Address").fill(address);
  await field(page, "Recovery phrase").fill(words.join(" "));
  await field(page, "New passphrase").fill(passphrase);
  await field(page, "Repeat passphrase").fill(passphrase);
  await button(page, "Recover account").click();
}

export async function openAccountMenu(person, item) {
  await button(person.page, "Account").click();
  await person.page.getByRole("menuitem", { name: item, exact: true }).click();
}

export async function signOut(person) {
  await openAccountMenu(person, "Sign out");
  await button(person.page, "Sign in").waitFor();
}

export async function changePassphrase(person, current, next) {
  const { page } = person;
  await openAccountMenu(person, "Settings");
  const opener = page
    .getByRole("link", { name: "Change passphrase" })
    .or(page.getByRole("button", { name: "Change passphrase" }))
    .or(page.getByRole("tab", { name: "Change passphrase" }));
  await page.getByText("Change passphrase").first().waitFor();
  if (!(await field(page, "Current passphrase").isVisible())) await opener.first().click();
  await field(page, "Current passphrase").fill(current);
  await field(page, "New passphrase").fill(next);
  await field(page, "Repeat passphrase").fill(next);
  await button(page, "Save").first().click();
}

/** Fills the composer; `files` are `{ name, mimeType, buffer }`. */
export async function compose(person, { to, subject, text, files = [] }) {
  const { page } = person;
  await button(page, "New message").first().click();
  await write(person, { to, subject, text, files });
}

export async function write(person, { to, subject, text, files = [] }) {
  const { page } = person;
  // A reply has these filled in.
  if (to !== undefined) {
    await field(page, "To").fill(to);
    await field(page, "To").press("Tab");
  }
  if (subject !== undefined) await field(page, "Subject").fill(subject);
  await page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
  for (const file of files) {
    const chooser = page.waitForEvent("filechooser");
    await button(page, "Attach file").click();
    await (await chooser).setFiles(file);
    await page.getByText(file.name).first().waitFor();
  }
}

export async function send(person) {
  await button(person.page, /^Send/).click();
}

/** The entry of the list that has all the given words in its name. */
export function entry(person, subject) {
  const { page } = person;
  const list = page.getByRole("grid", { name: "Messages" }).or(page.getByRole("list", { name: "Messages" })).or(page.getByRole("listbox", { name: "Messages" }));
  return list
    .getByRole("row", { name: subject })
    .or(list.getByRole("link", { name: subject }))
    .or(list.getByRole("option", { name: subject }))
    .or(list.getByRole("button", { name: subject }))
    .first();
}

export async function openMessage(person, subject) {
  await entry(person, subject).click(SLOW);
  const message = person.page.getByRole("region", { name: "Message", exact: true });
  await message.waitFor(SLOW);
  return message;
}

export async function openFolder(person, name) {
  const folders = person.page.getByRole("navigation", { name: "Folders" }).first();
  await folders.getByRole("link", { name }).or(folders.getByRole("button", { name })).first().click();
}

/** Saves an attachment as a person does and returns its bytes. */
export async function downloadAttachment(person, message, name) {
  const { page } = person;
  const download = page.waitForEvent("download", SLOW);
  await message
    .getByRole("button", { name })
    .or(message.getByRole("link", { name }))
    .first()
    .click();
  const stream = await (await download).createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

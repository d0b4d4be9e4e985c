// One message of GCM, encrypted, signed, decrypted and verified: what the memory measurement runs.

/** With `ours` or `theirs`, whole in memory. */
export default async function once(who, bytes, openpgp, hedgerow) {
  if (who === "ours") {
    const key = await hedgerow.makeKey({ userIds: "Alice <alice@example.org>", profile: "modern" });
    const { message } = await hedgerow.encrypt(bytes, {
      to: key.certificate,
      from: key,
      format: "seipd2-gcm",
    });
    const { signatures } = await hedgerow.decrypt(message, { keys: key, signers: key.certificate });
    if (signatures[0]?.verdict !== "good") throw new Error("the signature is not good");
    key.free();
    return;
  }
  const config = {
    v6Keys: true,
    aeadProtect: true,
    preferredAEADAlgorithm: openpgp.enums.aead.gcm,
    preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed,
  };
  const { privateKey } = await openpgp.generateKey({
    type: "curve25519",
    userIDs: [{ name: "Alice", email: "alice@example.org" }],
    format: "object",
    config,
  });
  const message = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: bytes }),
    encryptionKeys: privateKey.toPublic(),
    signingKeys: privateKey,
    format: "binary",
    config,
  });
  const { signatures } = await openpgp.decrypt({
    message: await openpgp.readMessage({ binaryMessage: message, config }),
    decryptionKeys: privateKey,
    verificationKeys: privateKey.toPublic(),
    format: "binary",
    config,
  });
  await signatures[0].verified;
}

import forge from "node-forge";

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface RsaKeys {
  publicKey: forge.pki.rsa.PublicKey;
  privateKey: forge.pki.rsa.PrivateKey;
}

/** With a callback node-forge lets Node's native code make the keys, off the event loop; without, it computes for seconds in JavaScript. */
export function generateKeys(bits = 2048): Promise<RsaKeys> {
  return new Promise((resolve, reject) => {
    forge.pki.rsa.generateKeyPair({ bits }, (error: Error | null, pair) => (error ? reject(error) : resolve(pair)));
  });
}

/** 128 random bits, positive (the first bit is 0) and never 0: two CAs of the same name must not issue the same serial. */
export function randomSerial(): string {
  const bytes = forge.random.getBytesSync(16);
  const first = (bytes.charCodeAt(0) & 0x7f) | 0x01;
  return forge.util.bytesToHex(String.fromCharCode(first) + bytes.slice(1));
}

/** Owns talking to the browser about passkeys: whether it can, making one, proving one. */

/** The person closed the browser's dialog, or it found no passkey. */
export class PasskeyCancelled extends Error {}
/** This device holds a passkey of the account already. */
export class PasskeyExists extends Error {}

/** Browsers give passkeys only to secure pages under a name; an address made of numbers has none. */
export const passkeysAvailable = (): boolean =>
  isSecureContext &&
  typeof PublicKeyCredential === 'function' &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function' &&
  !/^[\d.]+$|:/.test(location.hostname)

type Json = Record<string, unknown>

const asked = async (work: () => Promise<Credential | null>): Promise<Json> => {
  try {
    const credential = await work()
    if (credential) return (credential as PublicKeyCredential).toJSON() as unknown as Json
  } catch (error) {
    if (error instanceof DOMException && error.name === 'InvalidStateError') throw new PasskeyExists()
    if (!(error instanceof DOMException)) throw error
  }
  throw new PasskeyCancelled()
}

export const createPasskey = (options: Json): Promise<Json> =>
  asked(() =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        options as unknown as PublicKeyCredentialCreationOptionsJSON,
      ),
    }),
  )

export const provePasskey = (options: Json): Promise<Json> =>
  asked(() =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
        options as unknown as PublicKeyCredentialRequestOptionsJSON,
      ),
    }),
  )

/** Owns reading the access token of a request. */

/** `Authorization: Bearer …`; a header of another kind counts as none. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1]

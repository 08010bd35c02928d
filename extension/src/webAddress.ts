// A sandbox on the same machine has no certificate.
const WEB_ADDRESS = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]+)?(\/[^\s"'<>\\]*)?$/i;

/** The address if a link may use it: https, or http on the loopback interface. Null for any other. */
export function safeWebAddress(address: unknown): string | null {
  return typeof address === "string" && WEB_ADDRESS.test(address) ? address : null;
}

/** What can go wrong, as classes that a page can tell apart. */

/** An answer of the API that is a refusal, or no answer at all (`code` is then `offline` or `timeout`). */
export class ApiError extends Error {
  /**
   * @param {string} code stable machine word
   * @param {string} message
   * @param {{status?: number, details?: Record<string, any>, requestId?: string | null, retryAfter?: number}} [more]
   */
  constructor(code, message, { status = 0, details = {}, requestId = null, retryAfter = 0 } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.details = details;
    this.requestId = requestId;
    /** Seconds that the server asks to wait. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later: nobody refused it, something was away. */
  get isOutage() {
    return !this.status || this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

/** The widget was set up wrongly; the text says what to do. Meant for whoever builds the page. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

/**
 * The publishable key, trimmed. Throws SetupError for a secret key: a page must never hold one.
 *
 * @param {string | null | undefined} key
 */
export function checkKey(key) {
  const trimmed = (key ?? '').trim();
  if (/^sk_/.test(trimmed)) {
    throw new SetupError(
      'This is a secret key (sk_…): everybody who opens the page can read it and change your store. ' +
        'Use the publishable key (pk_…), and rotate the secret one now.'
    );
  }
  if (!/^pk_/.test(trimmed)) {
    throw new SetupError('Give the publishable key: key="pk_…" on the element, or data-key="pk_…" on the script tag.');
  }
  return trimmed;
}

// Keeps texts in the browser's storage, and in memory what the storage has no room for (or all, if it is forbidden).

export class Shelf {
  #memory = new Map();

  set(key, text) {
    try {
      localStorage.setItem(key, text);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, text);
    }
  }

  get(key) {
    return this.#memory.get(key) ?? this.#storage?.getItem(key) ?? null;
  }

  remove(key) {
    this.#memory.delete(key);
    this.#storage?.removeItem(key);
  }

  /** The keys that begin so, in order. */
  keys(prefix) {
    const all = new Set([...Object.keys(this.#storage ?? {}), ...this.#memory.keys()]);
    return [...all].filter((key) => key.startsWith(prefix)).sort();
  }

  /** Whether something would be lost with the page. */
  get fragile() {
    return this.#memory.size > 0;
  }

  get #storage() {
    try {
      return localStorage;
    } catch {
      return null;
    }
  }
}

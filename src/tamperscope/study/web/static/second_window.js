// Two monitors: the questions move to a window of their own, and come back when it is closed.

export class SecondWindow {
  #popup = null;

  /**
   * @param {HTMLElement} panel
   * @param {(page: Document) => void} onPage called with each new window's document
   * @param {() => void} onBlocked called when the browser opens no window
   */
  constructor(panel, onPage, onBlocked) {
    this.panel = panel;
    this.home = panel.parentElement;
    this.onPage = onPage;
    this.onBlocked = onBlocked;
    addEventListener("pagehide", () => this.#popup?.close());
  }

  toggle() {
    if (this.#popup && !this.#popup.closed) return this.#popup.close();
    const popup = open("", "", "popup,width=420,height=900");
    if (!popup) return this.onBlocked();
    this.#popup = popup;
    const page = popup.document;
    page.title = document.title;
    page.documentElement.lang = document.documentElement.lang;
    for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) page.head.append(sheet.cloneNode());
    page.body.className = "second";
    page.body.append(this.panel);
    document.body.classList.add("alone");
    this.onPage(page);
    popup.addEventListener("pagehide", () => this.#back());
  }

  #back() {
    this.#popup = null;
    this.home.append(this.panel);
    document.body.classList.remove("alone");
  }
}

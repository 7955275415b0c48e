/** A form that cannot be used for now, and says why. */

export class FormLock {
  #form;
  #area;
  /** What else stands in the field while it is empty. @type {string | null} */
  #placeholder = null;

  /** @param {HTMLFormElement} form @param {HTMLTextAreaElement} area */
  constructor(form, area) {
    this.#form = form;
    this.#area = area;
  }

  /** @param {string} reason */
  close(reason) {
    this.#disable(true);
    this.#placeholder ??= this.#area.placeholder;
    this.#area.placeholder = reason;
  }

  open() {
    if (this.#placeholder !== null) {
      this.#disable(false);
      this.#area.placeholder = this.#placeholder;
      this.#placeholder = null;
    }
  }

  /** @param {boolean} isDisabled */
  #disable(isDisabled) {
    for (const element of this.#form.elements) {
      element.toggleAttribute("disabled", isDisabled);
    }
  }
}

/** `<baas-discount-code>`: a field for codes, in the drawer of stores that have discounts. */

import { h } from '../dom.js';
import { BaasElement } from '../element.js';

export class BaasDiscountCode extends BaasElement {
  static css = '.code { display: flex; gap: 0.5rem; } .error { margin-top: 0.5rem; }';

  text = '';
  sorryText = '';

  /** Send the code to the server, which knows whether it is one. @param {Event} event */
  send(event) {
    event.preventDefault();
    const codes = this.shop?.cart.cart?.discount_codes ?? [];
    const text = this.text.trim();
    this.attempt(async () => {
      await this.shop?.cart.update({ discount_codes: text ? [...codes, text] : [] });
      this.sorryText = this.text = '';
    }, (error) => (this.sorryText = error.code === 'validation_error' ? this.t('noCode') : this.sorry(error)));
  }

  view() {
    const codes = this.shop?.cart.cart?.discount_codes ?? [];
    return [
      h('form', { class: 'code', onsubmit: (/** @type {Event} */ event) => this.send(event) },
        h('input', { class: 'input', part: 'code', 'aria-label': this.t('code'), placeholder: codes.join(', ') || this.t('code'), maxlength: 64, value: this.text, 'aria-invalid': this.sorryText && 'true',
          oninput: (/** @type {any} */ event) => (this.text = event.target.value) }),
        h('button', { class: 'button plain', type: 'submit' }, this.t('apply'))
      ),
      this.sorryText && h('p', { class: 'error', role: 'alert' }, this.sorryText),
    ];
  }
}

/** `<baas-quick-view handle>`: one product in a dialog, for lists and buttons that have no page of it to go to. */

import { h } from '../dom.js';
import { BaasElement } from '../element.js';
import { icon } from '../icons.js';
import { openModal } from '../parts.js';
import { dialogCss } from '../styles/dialog.css.js';

export class BaasQuickView extends BaasElement {
  static observedAttributes = ['handle'];
  static css = dialogCss;

  start() {
    queueMicrotask(() => queueMicrotask(() => openModal(this.$('dialog'))));
  }

  view() {
    const handle = this.getAttribute('handle');
    return [
      h('dialog', { class: 'view', part: 'dialog', 'aria-label': this.t('products'), onclose: () => this.dispatchEvent(new CustomEvent('close')) },
        h('div', { class: 'inside', key: handle },
          h('button', { class: 'icon closer', type: 'button', 'aria-label': this.t('close'), onclick: () => this.$('dialog').close() }, icon('close')),
          h('baas-product', { handle })
        )
      ),
    ];
  }

  drawn() {
    const inner = this.$('baas-product');
    // What was put into the cart opens the drawer: the dialog has done its work.
    if (inner) inner.onAdded = () => this.$('dialog').close();
  }
}

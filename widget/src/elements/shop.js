/** `<baas-shop key api locale theme>`: settings for the elements inside of it, for pages with more than one shop. */
export class BaasShop extends HTMLElement {}

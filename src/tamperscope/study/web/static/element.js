/**
 * A new element with properties, attributes in `attributes`, and children; a child that is null is left out.
 * @param {string} tag
 * @param {Object<string, any>} options
 * @param {...(Node | string | null | undefined)} children
 * @returns {any} HTMLElement, of the tag's own kind
 */
export function element(tag, { attributes = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

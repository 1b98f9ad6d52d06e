// The mouse, pen or finger on the picture.
// Left button: the chosen tool, or a mark. Middle: move. Right: zoom. Wheel: zoom where the pointer is.

/**
 * @param {HTMLElement} glass
 * @param {{screen: import("./screen.js").Screen, marks: import("./marks.js").Marks,
 *   magnifier: import("./magnifier.js").Magnifier, tool: () => string, onPoint: (point) => void}} parts
 */
export function followPointer(glass, { screen, marks, magnifier, tool, onPoint }) {
  let drag = null;

  glass.addEventListener("pointerdown", (event) => {
    if (!screen.picture || drag) return;
    glass.focus({ preventScroll: true });
    glass.setPointerCapture(event.pointerId);
    drag = begin(event);
    glass.dataset.dragging = drag?.name ?? "";
  });
  glass.addEventListener("pointermove", (event) => {
    const point = screen.pictureAt(event.clientX, event.clientY);
    onPoint(point);
    magnifier.moveTo(point);
    drag?.move(event, point);
  });
  const stop = (how) => () => {
    drag?.[how]?.();
    drag = null;
    glass.dataset.dragging = "";
  };
  glass.addEventListener("pointerup", stop("end"));
  glass.addEventListener("pointercancel", stop("cancel"));
  glass.addEventListener("pointerleave", () => onPoint(null));
  glass.addEventListener("contextmenu", (event) => event.preventDefault());
  glass.addEventListener("auxclick", (event) => event.preventDefault());
  glass.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (!screen.picture) return;
    const steps = event.deltaMode === 0 ? event.deltaY / 100 : event.deltaY / 3;
    screen.zoomTo(screen.placement.scale * 1.2 ** -Math.max(-3, Math.min(3, steps)), deviceAt(event));
  }, { passive: false });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag) return;
    event.stopPropagation();
    stop("cancel")();
  }, true);

  function begin(event) {
    const point = screen.pictureAt(event.clientX, event.clientY);
    const name = event.button === 1 ? "pan" : event.button === 2 ? "zoom" : tool();
    if (event.button === 0) {
      const held = marks.press(name, point, event.target);
      if (held) return { name: "mark", move: (_event, to) => held.move(to), end: held.end, cancel: held.cancel };
      marks.choose(null);
    }
    return { pan, zoom, window }[name]?.(event) ?? null;
  }

  function pan(event) {
    let last = event;
    return {
      name: "pan",
      move: (now) => {
        screen.pan((now.clientX - last.clientX) * screen.density, (now.clientY - last.clientY) * screen.density);
        last = now;
      },
    };
  }

  function zoom(event) {
    const [start, at, from] = [screen.placement.scale, deviceAt(event), event.clientY];
    return { name: "zoom", move: (now) => screen.zoomTo(start * 1.01 ** (from - now.clientY), at) };
  }

  /** To the right: wider, less contrast. Down: a higher centre, darker. */
  function window(event) {
    const [start, step] = [screen.window, Math.max(1, screen.window.width) / 400];
    return {
      name: "window",
      move: (now) =>
        screen.setWindow({
          centre: start.centre + (now.clientY - event.clientY) * step,
          width: start.width + (now.clientX - event.clientX) * step,
        }),
    };
  }

  function deviceAt(event) {
    const frame = glass.getBoundingClientRect();
    return { x: (event.clientX - frame.left) * screen.density, y: (event.clientY - frame.top) * screen.density };
  }
}

// The image on the canvas: 16-bit levels through a window, at any zoom.

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.grey = new Uint8Array(65536);
    this.zoom = 1;
    this.left = 0; // column and row of the image at the canvas's top left corner
    this.top = 0;
    this.levels = null;
  }

  show(levels, width, height) {
    Object.assign(this, { levels, width, height });
  }

  window(low, high) {
    // low and high are levels; all of the 16 bits go through the table, not an 8-bit copy of them.
    const scale = 255 / Math.max(1, high - low);
    for (let level = 0; level < 65536; level++) {
      this.grey[level] = Math.max(0, Math.min(255, Math.round((level - low) * scale)));
    }
  }

  fit() {
    const { width, height } = this.canvas;
    this.zoom = Math.min(width / this.width, height / this.height);
    this.left = (this.width - width / this.zoom) / 2;
    this.top = (this.height - height / this.zoom) / 2;
  }

  zoomTo(zoom, x, y) {
    // The image's point under the canvas's point x, y stays there.
    const [column, row] = this.toImage(x, y);
    this.zoom = Math.max(0.05, Math.min(16, zoom));
    this.left = column - x / this.zoom;
    this.top = row - y / this.zoom;
  }

  toImage(x, y) {
    return [this.left + x / this.zoom, this.top + y / this.zoom];
  }

  draw() {
    const { width, height } = this.canvas;
    const picture = this.context.createImageData(width, height);
    const out = new Uint32Array(picture.data.buffer);
    out.fill(0xff000000);
    const step = 1 / this.zoom;
    // Zoomed out, up to 4 x 4 samples of each canvas pixel's area are averaged, or fine structure would flicker.
    const samples = Math.max(1, Math.min(4, Math.ceil(step)));
    const columns = new Int32Array(width * samples);
    for (let i = 0; i < columns.length; i++) {
      const column = Math.floor(this.left + ((i + 0.5) * step) / samples);
      columns[i] = column >= 0 && column < this.width ? column : -1;
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0, count = 0;
        for (let j = 0; j < samples; j++) {
          const row = Math.floor(this.top + (y + (j + 0.5) / samples) * step);
          if (row < 0 || row >= this.height) continue;
          for (let i = 0; i < samples; i++) {
            const column = columns[x * samples + i];
            if (column < 0) continue;
            sum += this.grey[this.levels[row * this.width + column]];
            count++;
          }
        }
        if (count) out[y * width + x] = 0xff000000 | (Math.round(sum / count) * 0x010101);
      }
    }
    this.context.putImageData(picture, 0, 0);
  }

  outline([x, y, side], selected, label) {
    const [left, top, size] = [(x - this.left) * this.zoom, (y - this.top) * this.zoom, side * this.zoom];
    const context = this.context;
    context.strokeStyle = selected ? "#5bb8d0" : "#e9b44c";
    context.lineWidth = selected ? 2 : 1.5;
    context.setLineDash(selected ? [] : [6, 4]);
    context.strokeRect(left, top, size, size);
    context.fillStyle = context.strokeStyle;
    context.font = "600 13px system-ui, sans-serif";
    context.fillText(label, left + 5, top - 6);
  }
}

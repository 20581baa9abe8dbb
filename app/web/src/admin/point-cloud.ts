/** A hundred thousand tracks as typed arrays, and a grid over the plane that finds those near a place. */

export type Place = readonly [valence: number, arousal: number];

/** What the server answers to a correction, its withdrawal or its undoing. */
export interface ToldPlace {
  track_id: number;
  group_id: string;
  undo_address: string;
  valence: number;
  arousal: number;
  is_corrected: boolean;
  predicted: Place | null;
  uncertainty: number | null;
  mood: number;
}

const GRID_SIZE = 128;

export class PointCloud {
  /** Where the model guessed the points that curators placed. */
  readonly predictedByRow = new Map<number, Place>();
  correctedRows: number[] = [];
  private readonly cellStarts = new Int32Array(GRID_SIZE * GRID_SIZE + 1);
  private readonly rowsByCell: Int32Array;

  private constructor(
    readonly ids: Int32Array,
    readonly valence: Float32Array,
    readonly arousal: Float32Array,
    readonly uncertainty: Float32Array,
    readonly isCorrected: Uint8Array,
    readonly mood: Uint8Array,
  ) {
    this.rowsByCell = new Int32Array(ids.length);
    this.sortIntoCells();
  }

  /** Read what the server sends, column by column; see `MoodMap.to_bytes`. */
  static read(buffer: ArrayBuffer): PointCloud {
    const n = new DataView(buffer).getUint32(0, true);
    // Copies, since the columns of single bytes leave what follows them out of step.
    const cut = (start: number, length: number) => buffer.slice(start, start + length);
    const numbers = [0, 1, 2, 3].map((column) => cut(4 + 4 * n * column, 4 * n)) as [ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer];
    const cloud = new PointCloud(
      new Int32Array(numbers[0]),
      new Float32Array(numbers[1]),
      new Float32Array(numbers[2]),
      new Float32Array(numbers[3]),
      new Uint8Array(cut(4 + 16 * n, n)),
      new Uint8Array(cut(4 + 17 * n, n)),
    );
    cloud.readPredicted(new Float32Array(cut(4 + 18 * n, buffer.byteLength - 4 - 18 * n)));
    return cloud;
  }

  get size(): number {
    return this.ids.length;
  }

  placeOf(row: number): Place {
    return [this.valence[row]!, this.arousal[row]!];
  }

  findRow(trackId: number): number {
    // Points come in the order of their ids.
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.ids[middle]!;
      if (found === trackId) return middle;
      if (found < trackId) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Put a point where the server says it stands by now. */
  move(row: number, told: ToldPlace): void {
    this.valence[row] = told.valence;
    this.arousal[row] = told.arousal;
    this.isCorrected[row] = told.is_corrected ? 1 : 0;
    this.uncertainty[row] = told.is_corrected ? 0 : (told.uncertainty ?? NaN);
    this.mood[row] = told.mood;
    if (told.is_corrected && told.predicted) this.predictedByRow.set(row, told.predicted);
    else this.predictedByRow.delete(row);
    this.sortIntoCells();
  }

  /** Call back for each row of the cells that touch a box; some lie a little outside of it. */
  forEachNear(low: Place, high: Place, visit: (row: number) => void): void {
    const [firstColumn, lastColumn] = [toCell(low[0]), toCell(high[0])];
    for (let line = toCell(low[1]); line <= toCell(high[1]); line++) {
      const end = this.cellStarts[line * GRID_SIZE + lastColumn + 1]!;
      for (let i = this.cellStarts[line * GRID_SIZE + firstColumn]!; i < end; i++) visit(this.rowsByCell[i]!);
    }
  }

  countNear(low: Place, high: Place): number {
    let n = 0;
    for (let line = toCell(low[1]); line <= toCell(high[1]); line++) {
      n += this.cellStarts[line * GRID_SIZE + toCell(high[0]) + 1]! - this.cellStarts[line * GRID_SIZE + toCell(low[0])]!;
    }
    return n;
  }

  /** Find the row nearest to a place, -1 where none is within reach. */
  findNearest([valence, arousal]: Place, reach: number): number {
    let best = -1;
    let bestSquare = reach * reach;
    this.forEachNear([valence - reach, arousal - reach], [valence + reach, arousal + reach], (row) => {
      const square = (this.valence[row]! - valence) ** 2 + (this.arousal[row]! - arousal) ** 2;
      if (square <= bestSquare) [best, bestSquare] = [row, square];
    });
    return best;
  }

  /** Find the next point from a row in a direction, -1 where there is none; what lies aside counts as farther. */
  findNext(from: number, [dv, da]: Place): number {
    const [valence, arousal] = this.placeOf(from);
    for (const reach of [0.05, 0.25, 3]) {
      let best = -1;
      let bestCost = reach;
      this.forEachNear([valence - reach, arousal - reach], [valence + reach, arousal + reach], (row) => {
        const [v, a] = [this.valence[row]! - valence, this.arousal[row]! - arousal];
        const ahead = v * dv + a * da;
        const aside = Math.abs(v * da - a * dv);
        const cost = ahead + 2 * aside;
        if (row !== from && ahead > 1e-6 && cost < bestCost) [best, bestCost] = [row, cost];
      });
      if (best >= 0) return best;
    }
    return -1;
  }

  /** List the rows inside a polygon, by the even-odd rule as the server counts them. */
  findInside(corners: readonly Place[]): number[] {
    const rows: number[] = [];
    const [valences, arousals] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
    const low: Place = [Math.min(...valences), Math.min(...arousals)];
    const high: Place = [Math.max(...valences), Math.max(...arousals)];
    this.forEachNear(low, high, (row) => {
      if (isInside(this.valence[row]!, this.arousal[row]!, corners)) rows.push(row);
    });
    return rows;
  }

  private readPredicted(columns: Float32Array): void {
    const n = columns.length / 2;
    let nth = 0;
    for (let row = 0; row < this.size && nth < n; row++) {
      if (!this.isCorrected[row]) continue;
      const place: Place = [columns[nth]!, columns[n + nth]!];
      if (!Number.isNaN(place[0])) this.predictedByRow.set(row, place);
      nth++;
    }
  }

  /** Sort rows by cell, by counting: two passes over all points, some milliseconds. */
  private sortIntoCells(): void {
    const starts = this.cellStarts.fill(0);
    const cells = new Int32Array(this.size);
    for (let row = 0; row < this.size; row++) {
      const cell = toCell(this.arousal[row]!) * GRID_SIZE + toCell(this.valence[row]!);
      cells[row] = cell;
      starts[cell + 1]!++;
    }
    for (let cell = 0; cell < GRID_SIZE * GRID_SIZE; cell++) starts[cell + 1]! += starts[cell]!;
    const next = starts.slice();
    this.correctedRows = [];
    for (let row = 0; row < this.size; row++) {
      this.rowsByCell[next[cells[row]!]!++] = row;
      if (this.isCorrected[row]) this.correctedRows.push(row);
    }
  }
}

function toCell(value: number): number {
  return Math.max(0, Math.min(GRID_SIZE - 1, Math.floor(((value + 1) / 2) * GRID_SIZE)));
}

function isInside(valence: number, arousal: number, corners: readonly Place[]): boolean {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [v0, a0] = corners[i]!;
    const [v1, a1] = corners[j]!;
    if (a0 > arousal !== a1 > arousal && valence < v0 + ((arousal - a0) * (v1 - v0)) / (a1 - a0)) inside = !inside;
  }
  return inside;
}

// SPDX-License-Identifier: MIT
"use strict";
/*
 * lines - function, file and line of an address in a program: from the symbols and the line table of its ELF file.
 *
 * The line table is a program that makes rows (address, file, line); it is run until the row of the address. It may be of
 * version 2 to 5. Sources: System V ABI, chapter 4; DWARF 5, section 6.2.
 */

const SHT_SYMTAB = 2, SHF_COMPRESSED = 0x800, STT_NOTYPE = 0, STT_FUNC = 2;
const DW_LNCT_PATH = 1, DW_LNCT_DIRECTORY = 2;
const STANDARD = {copy: 1, advancePc: 2, advanceLine: 3, setFile: 4, constAddPc: 8, fixedAdvancePc: 9};
const END_SEQUENCE = 1, SET_ADDRESS = 2;

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  number(size) {
    const value = size === 1 ? this.view.getUint8(this.at) : size === 2 ? this.view.getUint16(this.at, true) : this.view.getUint32(this.at, true);
    this.at += size;
    return value;
  }

  // A number in 7-bit groups, the lowest first.
  leb(signed = false) {
    let value = 0, shift = 0, byte;
    do {
      byte = this.number(1);
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return signed && byte & 0x40 ? value - 2 ** shift : value;
  }

  text() {
    const end = this.bytes.indexOf(0, this.at), found = new TextDecoder().decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return found;
  }
}

class ProgramLines {
  // `elf`: the bytes of an ELF file for the i386.
  constructor(elf) {
    const bytes = new Uint8Array(elf), {view} = new Reader(bytes);
    const [first, size, count, names] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true), view.getUint16(50, true)];
    const word = (n, field) => view.getUint32(first + n * size + 4 * field, true);
    const data = (n) => bytes.subarray(word(n, 4), word(n, 4) + word(n, 5));
    this.sections = {};
    this.functions = [];   // [address, name]
    for (let n = 0; n < count; n++) {
      if (!(word(n, 2) & SHF_COMPRESSED)) this.sections[new Reader(data(names), word(n, 0)).text()] = data(n);
      if (word(n, 1) === SHT_SYMTAB) this._symbols(new Reader(data(n)), data(word(n, 6)));
    }
  }

  _symbols(table, names) {
    for (let at = 0; at < table.bytes.length; at += 16) {
      const kind = table.view.getUint8(at + 12) & 15, section = table.view.getUint16(at + 14, true);
      const name = new Reader(names, table.view.getUint32(at, true)).text();
      if ((kind === STT_FUNC || kind === STT_NOTYPE) && section && name) this.functions.push([table.view.getUint32(at + 4, true), name]);
    }
  }

  // {name, file, line} of an address; what is unknown is "" or 0.
  where(address) {
    const [, name] = this.functions.reduce((best, found) => (found[0] <= address && found[0] >= best[0] ? found : best), [0, ""]);
    return {name, file: "", line: 0, ...this._line(address)};
  }

  _line(address) {
    const table = this.sections[".debug_line"];
    for (let at = 0; table && at < table.length;) {
      const reader = new Reader(table, at), end = at + 4 + reader.number(4);
      const found = this._unit(reader, end, address);
      if (found) return found;
      at = end;
    }
    return null;
  }

  _unit(reader, end, address) {
    const version = reader.number(2);
    if (version < 2 || version > 5) return null;
    if (version === 5) reader.number(2);
    const program = reader.number(4) + reader.at, unit = {step: reader.number(1)};
    if (version >= 4) reader.number(1);
    reader.number(1);
    Object.assign(unit, {lineBase: reader.number(1) << 24 >> 24, lineRange: reader.number(1), opcodes: reader.number(1)});
    unit.operands = Array.from({length: unit.opcodes - 1}, () => reader.number(1));
    const files = version === 5 ? this._files(reader) : ProgramLines._oldFiles(reader);
    reader.at = program;
    const row = ProgramLines._run(reader, end, unit, address);
    return row && {file: files[row.file] || "", line: row.line};
  }

  // The files of versions 2 to 4, which count from 1.
  static _oldFiles(reader) {
    const folders = [""], files = [""];
    const list = (add) => {
      while (reader.bytes[reader.at]) add(reader.text());
      reader.at++;
    };
    list((name) => folders.push(name));
    list((name) => {
      const folder = folders[reader.leb()] || "";
      files.push(folder ? `${folder}/${name}` : name);
      reader.leb();
      reader.leb();
    });
    return files;
  }

  _files(reader) {
    const folders = this._entries(reader).map((entry) => entry[DW_LNCT_PATH]);
    return this._entries(reader).map((entry) => [folders[entry[DW_LNCT_DIRECTORY]], entry[DW_LNCT_PATH]].filter(Boolean).join("/"));
  }

  // A table of version 5: what its columns are, and the rows.
  _entries(reader) {
    const columns = Array.from({length: reader.number(1)}, () => [reader.leb(), reader.leb()]);
    return Array.from({length: reader.leb()}, () => Object.fromEntries(columns.map(([what, form]) => [what, this._value(reader, form)])));
  }

  _value(reader, form) {
    const far = (name) => new Reader(this.sections[name] || new Uint8Array(1), reader.number(4)).text();
    switch (form) {
      case 0x08: return reader.text();
      case 0x0e: return far(".debug_str");
      case 0x1f: return far(".debug_line_str");
      case 0x0f: return reader.leb();
      case 0x0b: return reader.number(1);
      case 0x05: return reader.number(2);
      case 0x06: return reader.number(4);
      case 0x1e: reader.at += 16; return "";
      default: throw new Error(`a line table has the unknown form ${form}`);
    }
  }

  // The row whose instructions include the address, or null.
  static _run(reader, end, unit, address) {
    const fresh = () => ({address: 0, file: 1, line: 1});
    let row = fresh(), last = null;
    const told = () => {
      const found = last && last.address && last.address <= address && address < row.address ? last : null;
      last = {...row};
      return found;
    };
    while (reader.at < end) {
      const opcode = reader.number(1);
      let found = null;
      if (opcode >= unit.opcodes) {
        row.address += Math.floor((opcode - unit.opcodes) / unit.lineRange) * unit.step;
        row.line += unit.lineBase + ((opcode - unit.opcodes) % unit.lineRange);
        found = told();
      } else if (opcode === 0) {
        const next = reader.leb() + reader.at, what = reader.number(1);
        if (what === SET_ADDRESS) row.address = reader.number(4);
        if (what === END_SEQUENCE) {
          found = told();
          [row, last] = [fresh(), null];
        }
        reader.at = next;
      } else if (opcode === STANDARD.copy) found = told();
      else ProgramLines._standard(reader, unit, row, opcode);
      if (found) return found;
    }
    return null;
  }

  static _standard(reader, unit, row, opcode) {
    switch (opcode) {
      case STANDARD.advancePc: row.address += reader.leb() * unit.step; break;
      case STANDARD.advanceLine: row.line += reader.leb(true); break;
      case STANDARD.setFile: row.file = reader.leb(); break;
      case STANDARD.constAddPc: row.address += Math.floor((255 - unit.opcodes) / unit.lineRange) * unit.step; break;
      case STANDARD.fixedAdvancePc: row.address += reader.number(2); break;
      default: for (let n = 0; n < unit.operands[opcode - 1]; n++) reader.leb();
    }
  }
}

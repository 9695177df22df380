/* The page reads whole without this: it adds sorting and CSV export. What is open is what is printed. */
(function () {
  "use strict";
  function cells(row) { return Array.prototype.slice.call(row.cells); }
  function value(cell) {
    return cell.hasAttribute("data-v") ? parseFloat(cell.getAttribute("data-v")) : cell.textContent.trim().toLowerCase();
  }
  function sort(table, column, head) {
    var down = head.getAttribute("aria-sort") === "ascending";
    cells(head.parentNode).forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    rows.sort(function (a, b) {
      var x = value(a.cells[column]), y = value(b.cells[column]);
      if (typeof x !== typeof y) { return typeof x === "number" ? -1 : 1; }
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
    rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
  }
  function quote(text) {
    text = text.trim().replace(/\s+/g, " ").replace(/\u2212/g, "-");
    if (/^[=+\-@\t]/.test(text) && !/^[+\-]?[\d.,]+%?$/.test(text) && text !== "-") { text = "'" + text; }
    return '"' + text.replace(/"/g, '""') + '"';
  }
  function save(table) {
    var lines = [];
    if (table.dataset.mark) { lines.push(quote(table.dataset.mark + ": made from generated music")); }
    Array.prototype.forEach.call(table.rows, function (row) {
      lines.push(cells(row).map(function (cell) { return quote(cell.textContent); }).join(","));
    });
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = (table.dataset.mark ? "SYNTHETIC_" : "") + table.dataset.name + ".csv";
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  document.querySelectorAll("table[data-name]").forEach(function (table) {
    cells(table.tHead.rows[0]).forEach(function (head, column) {
      head.setAttribute("data-sort", ""); head.tabIndex = 0;
      head.addEventListener("click", function () { sort(table, column, head); });
      head.addEventListener("keydown", function (event) { if (event.key === "Enter") { sort(table, column, head); } });
    });
    var button = document.createElement("button");
    button.type = "button"; button.textContent = "Save as CSV";
    button.addEventListener("click", function () { save(table); });
    table.closest(".tablebox").querySelector(".caption").appendChild(button);
  });
}());

// The style of the page of the access map: light and dark, wide and narrow, and on paper.
// Must never fetch anything; the hash in the page's policy is that of this very text.

/** SHA-256 of `style` in base64. */
export const styleHash = 'lreXgZ5sA5vb/JDywr8XflbTG/3Cg2uow9pgYOhxLCw='

export const style = `
:root {
  color-scheme: light dark;
  --back: #fff; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --edge: #818b98; --band: #f6f8fa; --link: #0757ba;
  --warn: #6b4500; --warn-back: #fff5c7; --note: #0a3d80; --note-back: #e3f2ff; --part: #4f2a86; --part-back: #f4ecff;
  --prod: #8e1020; --prod-back: #ffe9e7;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --text: #e6edf3; --soft: #9ba5b0; --line: #30363d; --edge: #7b8590; --band: #161b22; --link: #74b6ff;
    --warn: #f0d070; --warn-back: #352a0c; --note: #9bcbff; --note-back: #10294a; --part: #d6bcff; --part-back: #2d2045;
    --prod: #ffb3ac; --prod-back: #451a1d;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 6rem; }
body {
  margin: 0 auto; max-width: 90rem; padding: 0 1rem 3rem;
  background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
h1, h2 { line-height: 1.25; margin: 1.5rem 0 .5rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: .5rem; top: -6rem; z-index: 3; padding: .5rem 1rem; background: var(--back); }
.skip:focus { top: .5rem; }
.soft { color: var(--soft); }
code, .files, .keys { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
form {
  position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end;
  padding: .75rem 0; background: var(--back); border-bottom: 1px solid var(--line);
}
form p { flex: 1 1 10rem; min-width: 0; margin: 0; }
form label { display: block; font-size: .875rem; }
form .check { display: flex; gap: .5rem; align-items: center; min-height: 2.25rem; }
select, input, button {
  font: inherit; color: inherit; background: var(--back); border: 1px solid var(--edge); border-radius: 6px;
  padding: .3rem .5rem; min-height: 2.25rem; width: 100%;
}
input[type=checkbox] { width: 1.25rem; min-height: 1.25rem; margin: 0; flex: none; }
button { width: auto; cursor: pointer; background: var(--band); }
/* Ends in the middle of a row, so that one sees that there are more. */
.scroll { overflow: auto; max-height: calc(12.6 * (2.2rem + 1px)); border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; }
th, td {
  text-align: left; vertical-align: top; padding: .35rem .75rem; border-top: 1px solid var(--line);
  overflow-wrap: anywhere;
}
.overview td, .overview thead th { white-space: nowrap; overflow-wrap: normal; }
.overview tbody th { min-width: 16rem; font-weight: 600; }
.overview thead th { position: sticky; top: 0; z-index: 1; background: var(--band); border-top: 0; }
.overview .number { text-align: right; font-variant-numeric: tabular-nums; }
.overview .keys { width: 100%; }
.map { table-layout: fixed; margin-top: .5rem; }
.map thead th { background: var(--band); }
.map .folder { background: var(--band); padding-top: .6rem; }
.map thead th:first-child { width: 45%; }
ul { list-style: none; margin: 0; padding: 0; }
.files { columns: 14rem; column-gap: 1rem; }
.files li { padding: .05rem 0; break-inside: avoid; }
.about { margin-bottom: .15rem; }
.readers { display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
.mark {
  display: inline-block; padding: 0 .45rem; border: 1px solid var(--line); border-radius: 1rem; white-space: nowrap;
  font: 600 .75rem/1.5 system-ui, sans-serif; background: var(--band); color: var(--soft);
}
.mark.nameless, .mark.lone { color: var(--warn); background: var(--warn-back); }
.mark.service { color: var(--note); background: var(--note-back); }
.mark.part { color: var(--part); background: var(--part-back); }
.mark.prod { color: var(--prod); background: var(--prod-back); }
.limits { list-style: disc; padding-left: 1.25rem; max-width: 60rem; }
.limits li { margin: .25rem 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  html { scroll-padding-top: 0; }
  form { position: static; }
  .overview tbody th { min-width: 10rem; }
  th, td { padding: .35rem .4rem; }
  .scroll { max-height: 24rem; }
}
@media print {
  form, .skip { display: none; }
  body { max-width: none; font-size: 10pt; }
  .scroll { max-height: none; overflow: visible; border: 0; }
  .overview thead th { position: static; }
  .overview td { white-space: normal; }
  tr, li { break-inside: avoid; }
}
`

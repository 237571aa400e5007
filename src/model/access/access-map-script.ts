// The script of the page of the access map: shows the rows that a filter asks for, and keeps the filter in the address.
// Must never make markup of text; the hash in the page's policy is that of this very text.

/** SHA-256 of `script` in base64. */
export const scriptHash = '1rsBptTt3i26NaEC9V2U4HZ9/DWubvF1au8HYptb8wY='

export const script = `
const form = document.forms[0]
const { reader, environment, key, path, lone } = form.elements
const fields = { reader, environment, key, path, lone }
const status = document.getElementById('status')
const shownReaders = document.getElementById('shown-readers')
const nothing = document.getElementById('nothing')
const all = Number(status.dataset.files)
const nameOf = new Map([...reader.options].map((option) => [option.value, option.text]))
const isOwned = (one) => one.startsWith('owner:')

const folders = [...document.querySelectorAll('.map tbody')].map((element) => ({
  element,
  rows: [...element.rows].slice(1).map((row) => ({
    row,
    environment: row.dataset.environment,
    keys: JSON.parse(row.dataset.keys),
    lone: JSON.parse(row.dataset.lone),
    files: [...row.querySelectorAll('.files li')].map((item) => (
      { item, path: (element.dataset.folder + item.textContent).toLowerCase() })),
  })),
}))

// The table of readers gives the value of each position.
const readers = [...document.querySelectorAll('.overview tbody tr')].map((row) => row.dataset.reader)

function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible
}

function update() {
  const text = path.value.trim().toLowerCase()
  const asked = (at) => reader.value === ''
    || (reader.value === 'nameless' ? !isOwned(readers[at]) : reader.value === readers[at])
  const counts = new Map()
  let files = 0
  for (const folder of folders) {
    let inFolder = 0
    for (const one of folder.rows) {
      const meant = (environment.value === '' || environment.value === one.environment)
        && one.keys.some(([at, kind]) => asked(at) && (key.value === '' || key.value === kind))
        && (!lone.checked || one.lone.some(asked))
      let inRow = 0
      for (const file of one.files) {
        const matches = meant && file.path.includes(text)
        show(file.item, matches)
        if (matches) inRow += 1
      }
      show(one.row, inRow > 0)
      if (inRow > 0) for (const at of new Set(one.keys.map(([at]) => at))) counts.set(at, (counts.get(at) || 0) + inRow)
      inFolder += inRow
    }
    show(folder.element, inFolder > 0)
    files += inFolder
  }
  const filters = Object.values(fields).filter((field) => field.type === 'checkbox' ? field.checked : field.value.trim() !== '')
  const said = filters.map((field) => field.type === 'checkbox' ? 'one reader only'
    : field.labels[0].textContent.toLowerCase() + ': '
      + (field.selectedOptions ? field.selectedOptions[0].text : field.value.trim()))
  status.textContent = filters.length === 0 ? 'All ' + all + ' files are shown.'
    : files + ' of ' + all + (all === 1 ? ' file' : ' files') + ' shown (' + said.join(', ') + ').'
  shownReaders.replaceChildren()
  if (filters.length > 0 && files > 0) {
    shownReaders.append('Read by: ')
    for (const [at, count] of [...counts].sort(([a, m], [b, n]) => n - m || a - b)) {
      if (shownReaders.childNodes.length > 1) shownReaders.append(', ')
      const name = document.createElement('bdi')
      name.textContent = nameOf.get(readers[at])
      shownReaders.append(name, ' (' + count + ')')
    }
  }
  show(nothing, files === 0)
}

function keepInAddress() {
  const filter = new URLSearchParams()
  for (const [name, field] of Object.entries(fields)) {
    const value = field.type === 'checkbox' ? (field.checked ? 'yes' : '') : field.value.trim()
    if (value !== '') filter.set(name, value)
  }
  const text = filter.toString()
  history.replaceState(null, '', text === '' ? location.href.split('#')[0] : '#' + text)
}

function readAddress() {
  const filter = new URLSearchParams(location.hash.slice(1))
  for (const [name, field] of Object.entries(fields)) {
    const value = filter.get(name) || ''
    if (field.type === 'checkbox') field.checked = value === 'yes'
    else {
      // Who is asked for and is not here reads nothing, rather than everything.
      const isHere = !field.options || [...field.options].some((option) => option.value === value)
      if (!isHere) field.add(new Option(value + ' (not here)', value))
      field.value = value
    }
  }
  update()
}

function linkTo(cell, filter) {
  const link = document.createElement('a')
  link.href = '#' + new URLSearchParams(filter)
  link.append(...cell.childNodes)
  cell.append(link)
}

for (const link of document.links) {
  link.addEventListener('click', (event) => {
    // The address keeps the filter.
    event.preventDefault()
    document.getElementById(link.hash.slice(1)).focus()
  })
}

const columns = [...document.querySelectorAll('.overview thead th[data-environment]')]
for (const cell of columns) linkTo(cell, { environment: cell.dataset.environment })
for (const row of document.querySelectorAll('.overview tbody tr')) {
  const reader = row.dataset.reader
  linkTo(row.querySelector('th span'), { reader })
  columns.forEach((column, at) => {
    const cell = row.cells[at + 1]
    if (!cell.classList.contains('soft')) linkTo(cell, { reader, environment: column.dataset.environment })
  })
}
form.addEventListener('submit', (event) => event.preventDefault())
form.addEventListener('input', () => { update(); keepInAddress() })
form.addEventListener('reset', () => setTimeout(() => { update(); keepInAddress() }))
addEventListener('hashchange', readAddress)
form.hidden = false
document.getElementById('no-script').hidden = true
readAddress()
`

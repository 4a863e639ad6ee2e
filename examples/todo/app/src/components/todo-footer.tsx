export type Filter = 'all' | 'open' | 'done'

interface Props {
  readonly remaining: number
  readonly completedCount: number
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
  readonly onClear: () => void
}

const FILTERS: readonly (readonly [Filter, string])[] = [
  ['all', 'All'],
  ['open', 'Open'],
  ['done', 'Done'],
]

export function TodoFooter({ remaining, completedCount, filter, onFilter, onClear }: Props) {
  return (
    <footer className="footer">
      <p className="remaining">{remaining} open</p>
      <div className="filters" role="group" aria-label="Show">
        {FILTERS.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={filter === value} onClick={() => onFilter(value)}>
            {label}
          </button>
        ))}
      </div>
      <button type="button" className="clear" disabled={completedCount === 0} onClick={onClear}>
        Clear done
      </button>
    </footer>
  )
}

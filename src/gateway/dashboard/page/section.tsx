// What the sections of the page share.
import { type ComponentChildren, h } from './preact.js'

export function Section({
  id,
  title,
  note,
  children,
}: {
  id: string
  title: string
  note?: ComponentChildren
  children?: ComponentChildren
}) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note !== undefined && <div class="note">{note}</div>}
      </header>
      {children}
    </section>
  )
}

export function State({ state }: { state: string }) {
  return <span class={`state ${state}`}>{state}</span>
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>
}

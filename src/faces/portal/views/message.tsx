import { Layout, type PageContext } from './layout.tsx'

interface MessageProps {
  readonly page: PageContext
  readonly title: string
  readonly text: string
  /** Where to go from here. */
  readonly next?: { readonly href: string; readonly label: string } | undefined
}

/** A page that says one thing. */
export function MessagePage({ page, title, text, next }: MessageProps) {
  return (
    <Layout page={page} title={title}>
      <div class="card">
        <h1>{title}</h1>
        <p>{text}</p>
        {next && (
          <p>
            <a class="button" href={next.href}>
              {next.label}
            </a>
          </p>
        )}
      </div>
    </Layout>
  )
}

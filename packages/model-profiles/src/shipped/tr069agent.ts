import { departs, ROOTS, suffixOf } from './departs.ts'

/** A carrier's C agent, where its product class was left as the client's name. */
export const tr069agent = ROOTS.map((root) =>
  departs(
    `tr069agent-${suffixOf(root)}`,
    { productClass: 'tr069agent', root },
    {
      // cpe-clients 3.3: after a reply with one it waits, and informs again after 35 s.
      xmlDeclaration: false,
      // cpe-clients 3.4: it builds the command line of its download in 200 characters.
      urlMaxLength: 150,
    },
  ),
)

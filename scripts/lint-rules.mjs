/** Two clients in one process share nothing, so a module keeps no state of its own. */
const noModuleLet = {
  create: (context) => ({
    'Program > VariableDeclaration[kind="let"], ExportNamedDeclaration > VariableDeclaration[kind="let"]'(node) {
      context.report({ node, message: 'No module-level `let`: keep state inside the factory that needs it.' })
    },
  }),
}

export default { meta: { name: 'graphlinks' }, rules: { 'no-module-let': noModuleLet } }

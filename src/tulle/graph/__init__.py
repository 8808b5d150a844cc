"""World → MeshGraph → View: every reference resolved, every decision with its origin. Pure. Knows nothing of Envoy.

`compile` is the table of contents, `mesh` holds the values it makes, `text` prints them. In the order of phases:

- what is there: `settings`, `programs`, `protocols`, `services`, `externals`, `selection`, `slices`,
  `declarations`, `addresses`
- routes: `backends`, `matches`, `shares`, `http_rules`, `parents`, `routes`
- services without their health: `plans`
- policies: `attachment`, `permissions`, `tls_policy`, `inbound`
- health: `endpoints`, `workloads`

`memo` lets phases be skipped. `views` cuts out what one proxy needs. `explain` answers why, with `hosts`,
`requests`, `patterns` and `explanations`. `notes` is how all of them speak to users.
"""

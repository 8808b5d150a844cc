"""World → MeshGraph → View: every reference resolved, every decision with its origin. Pure. Knows nothing of Envoy.

`compile` is the table of contents, `mesh` holds the values it makes, `text` prints them. In the order of phases:

- what is there: `settings`, `protocols`, and in `services`: `programs`, `catalogue`, `externals`, `selection`,
  `slices`, `declarations`, `addresses`
- routes, in `routing`: `matches`, `shares`, `http_rules`, `parents`, `routes`, over the `backends` of `services`
- services without their health: `plans`
- policies, in `policies`: `attachment`, `permissions`, `tls_policy`
- workloads, in `workloads`: what may come in (`inbound`), and what they are (`nodes`)
- health: `endpoints`; names: `naming`

`memo` lets phases be skipped. `views` cuts out what one proxy needs, with what `captured` ones may call.
`explaining` answers why, with `hosts`. `notes` is how all of them speak to users.
"""

"""The text of our systemd units. Pure: `python` is the interpreter they run Tulle with.

Each line that takes a right away says by its name which; lines that give one say why.
"""

AGENT = "tulle-agent.service"
SERVER = "tulle-server.service"
TARGET = "multi-user.target"

_SANDBOX = """\
NoNewPrivileges=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
KeyringMode=private
UMask=0077
"""
"""What neither service needs."""


def server_unit(python: str) -> str:
    """The control plane: a user of its own, made by systemd for as long as it runs, and no right on the machine."""
    return f"""\
# Made by `tulle install host`; its flags are variables in /etc/tulle/server.env.
[Unit]
Description=Tulle control plane
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={python} -m tulle server --data-dir %S/tulle-server --api-socket %t/tulle-server/api.sock
EnvironmentFile=-/etc/tulle/server.env
Restart=always
RestartSec=1
TimeoutStartSec=60
TimeoutStopSec=20
# An agent is a connection or two.
LimitNOFILE=1048576

DynamicUser=yes
StateDirectory=tulle-server
StateDirectoryMode=0700
RuntimeDirectory=tulle-server
RuntimeDirectoryMode=0700

{_SANDBOX}\
CapabilityBoundingSet=
ProtectSystem=strict
PrivateDevices=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
# NETLINK: looking up names asks which addresses this machine has.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy={TARGET}
"""


def agent_unit(python: str) -> str:
    """The host's agent: root, for it captures traffic of everybody, with only the rights that takes."""
    return f"""\
# Made by `tulle install host`; its flags are variables in /etc/tulle/agent.env.
[Unit]
Description=Tulle agent of this host
Wants=network-online.target
After=network-online.target tulle-server.service

[Service]
Type=notify
ExecStart={python} -m tulle agent
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=-/etc/tulle/agent.env
# Killed or hung it comes back. Asked to end (`tulle agent end`), or replaced by hand (--take-over), it stays away.
Restart=on-failure
RestartSec=1
TimeoutStartSec=60
TimeoutStopSec=20
WatchdogSec=60
# Proxies outlive their agent: the next one goes on with them. `tulle agent end` drains and ends them.
KillMode=process
LimitNOFILE=1048576

StateDirectory=tulle
StateDirectoryMode=0700
RuntimeDirectory=tulle
# Everybody may pass to the socket, whose own mode says who may use it.
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes

# NET_ADMIN: rules of nftables and routes. SYS_ADMIN: entering network namespaces, a resolv.conf of its own for a
# program. SYS_PTRACE: telling in which namespace a program of somebody else runs. KILL: ending what is left of a
# captured program. CHOWN: the group of the socket. NET_BIND_SERVICE: answering DNS on port 53.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_KILL CAP_CHOWN CAP_NET_BIND_SERVICE
{_SANDBOX}\
# Not strict, and homes stay open: `tulle run` of root says where the state of its workload lies.
ProtectSystem=full
# Seen from outside too: namespaces that programs get must not be its own alone.
RestrictNamespaces=net mnt
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy={TARGET}
"""

"""The IPVS director: kube-proxy's container on substrate `uml`.

It runs a user-mode Linux kernel (the *guest*) next to the node's own kernel. The guest runs the real kube-proxy
and holds its rules. The node sends packets addressed to Services to the guest over a veth pair; the guest sends
them back with the endpoint that kube-proxy's rules chose. A connection mark routes the endpoints' replies through
the guest, so that the client's source address is preserved.

    serve.py      the container's main program: sets up the node, runs the guest, updates the routes, cleans up
    plumbing.py   devices, routes and nftables rules on the node
    kernel.py     the guest's kernel as a process
    line.py       requests to the guest, and events from it, over the guest's serial line
    frames.py     the message format on the serial line
    routes.py     routes to the addresses of Services outside the Service CIDR
    server.py     the socket through which programs on the node and in the pod send requests to the guest
    client.py     the client of that socket
    commands.py   the commands that the guest accepts
    guest/        the programs that run in the guest

IPv4 only. Python's standard library only, because the image contains no other packages.

Known differences from kube-proxy on the node's own kernel:
  - a masqueraded connection to a process of the same node comes from the guest's address;
  - NodePorts on the node's loopback do not work; traffic from the node's own processes to a NodePort with
    external traffic policy Local is treated as external traffic;
  - every port of the NodePort range is redirected to the guest, whether it is allocated or not.
"""

package vmtest

// Facts is what the inside of a machine tells that has both databases and is in
// order, with NOW in place of its clock. A test takes a line out, or has another
// in its place.
func Facts() string {
	return `== system
hostname=iact-devbox
addresses=192.168.121.5 192.168.56.10
cpus=2
memory_kib=1000000
available_kib=700000
zone=Etc/UTC
clock=NOW
route=default via 192.168.121.1 dev eth0
disk=8000000 6000000
inodes=500000 450000
readonly=0
names=yes
dns=192.168.121.1
shared=yes
== units
mariadb.service active enabled
postgresql@15-main.service active enabled-runtime
== failed
== markers
mariadb-configured
mariadb-installed
postgres-configured
postgres-installed
system-prepared
== log
log=/var/log/iact/bootstrap-20260301.log
== listening
0.0.0.0:5432
== postgres
answer=15.10 (Debian 15.10-0+deb12u1)
zone=Etc/UTC
listen=*
database=django_user UTF8
login=true
beyond=
own=begins
query=django_user
create=yes
tables=1
version=schema_version
== mariadb
answer=10.11.6-MariaDB-0+deb12u1
zone=SYSTEM UTC
listen=0.0.0.0
database=utf8mb4
account=10.0.2.0/255.255.255.0
account=localhost
schema=ivr\_legacy
own=begins
query=django_user
create=yes
tables=1
version=schema_version
== web
== suite
`
}

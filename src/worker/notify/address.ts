import { lookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { type Failure, failure } from "../../prometheus/failure.ts";

/*
 * Where nothing is ever sent, whatever a policy or a Secret says: link-local addresses, under which clouds give away the node's own credentials, and the
 * few others that do the same; what is no host at all. Names are looked at when they are resolved, at the very address that is then connected to.
 */
const never = new BlockList();
never.addSubnet("169.254.0.0", 16, "ipv4");
never.addSubnet("0.0.0.0", 8, "ipv4");
never.addSubnet("224.0.0.0", 3, "ipv4");
// Metadata of Alibaba Cloud, Oracle Cloud and Azure (wireserver).
for (const address of ["100.100.100.200", "192.0.0.192", "168.63.129.16"]) never.addAddress(address, "ipv4");
never.addSubnet("fe80::", 10, "ipv6");
never.addSubnet("ff00::", 8, "ipv6");
never.addAddress("::", "ipv6");
// Where a network translates IPv4 (NAT64), the same by way of it: RFC 6052.
never.addSubnet("64:ff9b::169.254.0.0", 112, "ipv6");
// Metadata of AWS.
never.addAddress("fd00:ec2::254", "ipv6");

/** Also of an IPv4 address inside an IPv6 one. */
export const isForbiddenAddress = (address: string): boolean => never.check(address, isIPv6(address) ? "ipv6" : "ipv4");

const refusal = (host: string): string => `${host} is a link-local or metadata address, to which nothing is sent`;

/** An address as a policy or a Secret has it, with this path behind its own. The message never quotes it: it may be a secret. */
export function receiverAddress(text: string | undefined, path: string): URL | Failure {
  if (text === undefined) return failure("no address is known: write address, or give the Secret a key address");
  const url = URL.parse(text.trim());
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return failure("the address is no http or https URL: write for example https://hooks.example.com/serin");
  if (url.username !== "" || url.password !== "")
    return failure("the address carries a user or password: write username and password, or token, as keys of the Secret");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && isForbiddenAddress(host)) return failure(refusal(host));
  url.hash = "";
  if (path !== "") url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  return url;
}

/** For `net.connect`: as Node looks names up, but for what must not be connected to. */
export const checkedLookup: LookupFunction = (host, options, answer) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const bad = (addresses ?? []).find(({ address }) => isForbiddenAddress(address));
    const [first] = addresses ?? [];
    if (error) answer(error, []);
    else if (bad) answer(new Error(refusal(host)), []);
    else if (options.all) answer(null, addresses);
    else answer(null, first?.address ?? "", first?.family);
  });
};

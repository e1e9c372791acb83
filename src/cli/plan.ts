/** A North American dial plan to begin with, and the tests that hold it. */

export interface PlanChoice {
  readonly country: string;
  readonly area: string;
  /** How many digits an extension has. */
  readonly extensions: number;
}

/**
 * A whole configuration, as text with its reasons: extensions beside 7-, 10- and 11-digit dialling, with a habitual 9 or without
 * it, the N11 services, toll-free and premium numbers apart, and emergencies. `branchline check` is content with it.
 *
 * An extension begins with 2–8: 0 and 1 belong to the operator and to long distance, 9 to those who dial it before a number.
 * Where extensions have seven digits or a service's three, the longer meaning would be lost: 3 to 6 digits are taken, and three
 * leave the N11 services to their own rule, which stands first.
 */
export function northAmericanPlan({ country, area, extensions }: PlanChoice): string {
  const rest = '\\d'.repeat(extensions - 1);
  const ada = `2${'0'.repeat(extensions - 2)}1`;
  const bob = `2${'0'.repeat(extensions - 2)}2`;
  const local = '5559876';
  const own = (extension: string): string => `+1${area}555${extension.slice(-4).padStart(4, '0')}`;
  return `# A branch in area code ${area} (${country}), with extensions of ${extensions} digits.
# Change names, addresses and passwords; then: branchline check site.yaml
site:
  name: Branch ${area}
  domain: branch${area}.example
  profile: branch
  # Where days and opening hours begin, as the IANA database names it; UTC where it is left out.
  # timezone: America/Los_Angeles

sip:
  listen:
    - { transport: udp, address: 127.0.0.1, port: 5060 }
    - { transport: tcp, address: 127.0.0.1, port: 5060 }

# One T1 to the carrier; here its far end is the simulator.
spans:
  - { id: t1, driver: virtual, side: user, variant: ni2, far: { carrier: {} } }

# What has no number of its own shows the main one.
spanGroups:
  - { id: pstn, spans: [t1], hunting: descending, countryCode: "1", mainNumber: "${own(ada)}" }

users:
  - { id: "${ada}", name: First user, number: "${own(ada)}", password: change-me-${ada}, policy: staff }
  - { id: "${bob}", name: Lobby, password: change-me-${bob}, policy: lobby }

# In order; the first rule that matches wins; a number that none matches is refused.
profiles:
  - id: branch
    rules:
      - { name: services, pattern: '^9?([2-8]11|988)$', translation: "$1" }
      - { name: extension, pattern: '^([2-8]${rest})$', translation: "$1" }
      - { name: 7 digits, pattern: '^9?([2-9]\\d{6})$', translation: "+1${area}$1" }
      - { name: 10 digits, pattern: '^9?([2-9]\\d{2}[2-9]\\d{6})$', translation: "+1$1" }
      - { name: 11 digits, pattern: '^9?1([2-9]\\d{2}[2-9]\\d{6})$', translation: "+1$1" }
      - { name: international, pattern: '^9?011([1-9]\\d{6,14})$', translation: "+$1" }

dids:
  - { number: "${own(ada)}", to: { user: "${ada}" }, backups: [{ user: "${bob}" }] }

policies:
  - { id: lobby, name: Local calls only, usages: [local] }
  - { id: staff, name: Everything but premium numbers, usages: [local, national, international] }
  - { id: all, usages: [local, national, international, premium] }

# The first column of usages that a caller has opens the route; 900 and 976 numbers cost extra, so they stand apart.
routes:
  - { id: services, pattern: '^([2-8]11|988)$', usages: [local], gateways: [pstn] }
  - { id: premium, pattern: '^\\+1(900|[2-9]\\d{2}976)', usages: [premium], gateways: [pstn] }
  - { id: toll-free, pattern: '^\\+18(00|33|44|55|66|77|88)[2-9]\\d{6}$', usages: [local], gateways: [pstn] }
  - { id: local, pattern: '^\\+1${area}([2-8]|9[0-68-9]|97[0-57-9])\\d+$', usages: [local], gateways: [pstn] }
  - { id: national, pattern: '^\\+1([2-8]\\d{2}|9[1-9]\\d|90[1-9])([2-8]|9[0-68-9]|97[0-57-9])\\d+$', usages: [national], gateways: [pstn] }
  - { id: international, pattern: '^\\+[2-9]', usages: [international], gateways: [pstn] }

emergency: { numbers: ["911"], habitualPrefixes: ["9"], gateways: [pstn] }

# branchline check runs these, and a configuration whose tests fail is not taken.
tests:
  - { from: "${ada}", dial: "911", expect: emergency pstn 911 }
  - { from: "${ada}", dial: "9911", expect: emergency pstn 911 }
  - { from: "${bob}", dial: "911", expect: emergency pstn 911, down: [pstn], survivable: true }
  - { from: "${ada}", dial: "${bob}", expect: user ${bob} }
  - { from: "${ada}", dial: "${local}", expect: pstn ${area}${local} }
  - { from: "${ada}", dial: "9${local}", expect: pstn ${area}${local} }
  - { from: "${ada}", dial: "2125550100", expect: pstn 2125550100 }
  - { from: "${ada}", dial: "12125550100", expect: pstn 2125550100 }
  - { from: "${ada}", dial: "912125550100", expect: pstn 2125550100 }
  - { from: "${ada}", dial: "011442071838750", expect: pstn +442071838750 }
  - { from: "${ada}", dial: "9011442071838750", expect: pstn +442071838750 }
  - { from: "${ada}", dial: "411", expect: pstn 411 }
  - { from: "${ada}", dial: "988", expect: pstn 988 }
  - { from: "${ada}", dial: "19005550100", expect: refused no-common-usage }
  - { from: "${ada}", dial: "1${area}9765501", expect: refused no-common-usage }
  - { from: "${bob}", dial: "${local}", expect: pstn ${area}${local} }
  - { from: "${bob}", dial: "8005550100", expect: pstn 8005550100 }
  - { from: "${bob}", dial: "2125550100", expect: refused no-common-usage }
  - { from: "${bob}", dial: "011442071838750", expect: refused no-common-usage }
  - { from: pstn, dial: "${own(ada)}", expect: user ${ada} }
  - { from: pstn, dial: "+12125550100", expect: refused number-not-ours }
`;
}

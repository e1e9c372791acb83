/** Numbers of known sounds, to which a B-channel's slot is added: who says them. */
export const STREAM = { phone: 100, far: 200, caller: 300, callee: 400 };

//! Taking deliveries, written once for both clients: see [`facade!`](crate::facade).

/// Expands to the taking of deliveries, in a module that has the `Client` in scope, which has `receiver()` with the
/// ring and the guard, and drives a `Fetch`. For the clients of this workspace.
#[doc(hidden)]
#[macro_export]
macro_rules! deliveries {
    (async) => {
        $crate::deliveries!([async] [.await] AsyncReplayGuard AsyncReplayClaim);
    };
    (blocking) => {
        $crate::deliveries!([] [] ReplayGuard ReplayClaim);
    };
    ([$($async:tt)*] [$($wait:tt)*] $Guard:ident $Claim:ident) => {
        use $crate::{
            Error,
            webhooks::{CheckStep, Claimed, Declined, FetchedKeys, KeyRing, Rejection, ReplayMemory, Verified, $Claim, $Guard},
        };

        impl Client {
            /// Taking deliveries of changes from the service.
            pub fn webhooks(&self) -> Deliveries<'_> {
                Deliveries { client: self }
            }
        }

        /// Taking deliveries: see [`Client::webhooks`].
        #[derive(Clone, Copy, Debug)]
        pub struct Deliveries<'a> {
            client: &'a Client,
        }

        /// A delivery that is genuine, new, and the caller's to handle. Dropped before it is [`done`](Self::done), it
        /// will be handed out again when the service sends it again.
        pub struct Received {
            verified: Verified,
            claim: Box<dyn $Claim>,
        }

        impl std::ops::Deref for Received {
            type Target = Verified;

            fn deref(&self) -> &Verified {
                &self.verified
            }
        }

        impl std::fmt::Debug for Received {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("Received").field(&self.verified).finish()
            }
        }

        impl Received {
            /// It was handled: it is not handed out again, however often it comes.
            ///
            /// # Errors
            /// When the guard could not keep that. The delivery may come again then.
            pub $($async)* fn done(mut self) -> Result<(), Declined> {
                self.claim.done()$($wait)*.map_err(Declined::Guard)
            }
        }

        impl Deliveries<'_> {
            /// Verifies a delivery, and lets each through once: headers and body as they came, the body not parsed
            /// and written again. When it was handled, say so with [`Received::done`], and answer 2xx.
            ///
            /// # Errors
            /// [`Declined::status`] is what to answer.
            pub $($async)* fn receive(self, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, Declined> {
                let verified = self.verify(headers, body)$($wait)*?;
                let claimed = self.client.receiver().guard.claim(&verified.id, self.client.now().wall)$($wait)*;
                match claimed.map_err(Declined::Guard)? {
                    Claimed::New(claim) => Ok(Received { verified, claim }),
                    Claimed::InHand => Err(Declined::InHand),
                    Claimed::Done => Err(Declined::Handled),
                }
            }

            /// Verifies a delivery with the keys of the service, which are fetched when that is due. The same
            /// delivery passes as often as it comes.
            ///
            /// # Errors
            /// [`Rejection::status`] is what to answer.
            pub $($async)* fn verify(self, headers: &http::HeaderMap, body: &[u8]) -> Result<Verified, Rejection> {
                let client = self.client;
                let mut step = client.receiver().ring.check(headers, body, client.now());
                loop {
                    step = match step {
                        CheckStep::Fetch(fetch, next) => {
                            client.fetch_keys(fetch)$($wait)*;
                            next.resume(client.now())
                        }
                        CheckStep::Done(outcome) => return outcome,
                    };
                }
            }

            /// The keys as last fetched, to keep across restarts.
            pub fn keys(self) -> Option<FetchedKeys> {
                self.client.receiver().ring.fetched()
            }

            /// Takes keys that were kept, so that the first delivery need not wait for them.
            pub fn restore_keys(self, keys: FetchedKeys) {
                self.client.receiver().ring.restore(keys, self.client.now());
            }
        }

        /// What a client needs to take deliveries.
        pub(crate) struct Receiver {
            pub(crate) ring: KeyRing,
            pub(crate) guard: Box<dyn $Guard>,
            pub(crate) gate: FetchGate,
        }

        impl Receiver {
            pub(crate) fn new(app: &$crate::App, guard: Option<Box<dyn $Guard>>) -> Result<Self, Error> {
                let guard = guard.unwrap_or_else(|| Box::new(ReplayMemory::new()));
                Ok(Self { ring: KeyRing::new(app)?, guard, gate: FetchGate::default() })
            }
        }
    };
}

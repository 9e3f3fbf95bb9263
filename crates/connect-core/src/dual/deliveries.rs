//! Taking deliveries, written once for both clients: see [`facade!`](crate::facade).

/// Expands to the taking of deliveries, in a module that has in scope the `Client`, which has `receiver()` with the ring
/// and the guard, and carries out a `Fetch` at once or behind; and `Holding`, a claim on the client's guard. For the
/// clients of this workspace.
#[doc(hidden)]
#[macro_export]
macro_rules! deliveries {
    (async) => {
        $crate::deliveries!([async] [.await] AsyncReplayGuard);
    };
    (blocking) => {
        $crate::deliveries!([] [] ReplayGuard);
    };
    ([$($async:tt)*] [$($wait:tt)*] $Guard:ident) => {
        use $crate::{
            Error,
            webhooks::{CheckStep, Claimed, Declined, FetchedKeys, KeyRing, Rejection, ReplayMemory, Verified, $Guard},
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
        /// is given back: the service sends it again, and it is handed out again.
        ///
        /// Its parts can be taken out: `let Received { verified, claim, .. } = received;`.
        #[derive(Debug)]
        #[non_exhaustive]
        pub struct Received {
            /// The delivery.
            pub verified: Verified,
            /// The right to handle it.
            pub claim: Claim,
        }

        impl std::ops::Deref for Received {
            type Target = Verified;

            fn deref(&self) -> &Verified {
                &self.verified
            }
        }

        impl Received {
            /// It was handled: see [`Claim::done`].
            ///
            /// # Errors
            /// When the guard could not keep that. The delivery may come again then.
            pub $($async)* fn done(self) -> Result<(), Declined> {
                self.claim.done()$($wait)*
            }

            /// It was not handled: see [`Claim::release`].
            ///
            /// # Errors
            /// When the guard could not keep that.
            pub $($async)* fn release(self) -> Result<(), Declined> {
                self.claim.release()$($wait)*
            }
        }

        /// The right to handle a delivery, for as long as the guard's lease lasts. Dropped, it is given back.
        pub struct Claim(Holding);

        impl Claim {
            /// The delivery was handled: it is not handed out again, however often it comes. Answer 2xx. A guard that
            /// fails is tried three times.
            ///
            /// # Errors
            /// When the guard could not keep that. The delivery may come again then.
            pub $($async)* fn done(self) -> Result<(), Declined> {
                self.0.done()$($wait)*.map_err(Declined::Guard)
            }

            /// The delivery was not handled: it can be claimed again at once. Answer 503, so that it is sent again.
            ///
            /// # Errors
            /// When the guard could not keep that. The delivery is free when the lease ends, then.
            pub $($async)* fn release(self) -> Result<(), Declined> {
                self.0.release()$($wait)*.map_err(Declined::Guard)
            }
        }

        impl std::fmt::Debug for Claim {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("Claim").finish_non_exhaustive()
            }
        }

        impl Deliveries<'_> {
            /// Verifies a delivery, and lets each through once: headers and body as they came, the body not parsed
            /// and written again. When it was handled, say so with [`Received::done`], and answer 2xx.
            ///
            /// The body is copied once to be verified: limit its size where it is read, to 2 MiB for example.
            ///
            /// # Errors
            /// [`Declined::status`] is what to answer.
            pub $($async)* fn receive(self, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, Declined> {
                let verified = self.verify(headers, body)$($wait)*?;
                let claimed = Holding::claim(self.client, &verified.id)$($wait)*;
                match claimed.map_err(Declined::Guard)? {
                    Claimed::New(holding) => Ok(Received { verified, claim: Claim(*holding) }),
                    Claimed::InHand => Err(Declined::InHand),
                    Claimed::Done => Err(Declined::Handled),
                }
            }

            /// Verifies a delivery with the keys of the service, which are fetched when that is due; a delivery that
            /// fits the keys at hand does not wait for newer ones. The same delivery passes as often as it comes.
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
                        CheckStep::Done(outcome, behind) => {
                            behind.into_iter().for_each(|fetch| client.fetch_behind(fetch));
                            return outcome;
                        }
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
            pub(crate) fn new(
                app: &$crate::App,
                keys: Option<FetchedKeys>,
                guard: Option<Box<dyn $Guard>>,
                started: std::time::Instant,
            ) -> Result<Self, Error> {
                let wall = $crate::types::jiff::Timestamp::now();
                let now = $crate::machine::Now { wall, monotonic: started.elapsed() };
                let guard = guard.unwrap_or_else(|| Box::new(ReplayMemory::new()));
                let ring = KeyRing::new(app)?;
                keys.into_iter().for_each(|keys| ring.restore(keys, now));
                Ok(Self { ring, guard, gate: FetchGate::default() })
            }
        }
    };
}

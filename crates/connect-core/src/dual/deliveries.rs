//! The types and methods that receive webhook deliveries, as one macro for both clients. See
//! [`facade!`](crate::facade).

/// Expands to the types and methods that receive deliveries. Only the clients of this workspace use
/// this macro.
///
/// The calling module must have three items in scope: `Client` with the methods `receiver()`, `fetch_keys`
/// and `fetch_in_background`; `ClientClaim`, the claim of a delivery by the client's replay guard; and
/// `FetchLock`, the fetch lock.
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
            /// Returns the methods that receive webhook deliveries.
            pub fn webhooks(&self) -> Deliveries<'_> {
                Deliveries { client: self }
            }
        }

        /// Receives webhook deliveries: see [`Client::webhooks`].
        ///
        #[doc = $crate::example!([$($async)*]
            "# let (headers, body) = (http::HeaderMap::new(), b\"\");\nlet received = match client.webhooks().receive(&headers, body)",
            " {\n    Ok(received) => received,\n    Err(declined) => return Ok(println!(\"respond with {}\", declined.status())),\n};\nfor change in &received.delivery.events {\n    println!(\"{:?} {}\", change.change_type, change.event.title);\n}\nlet outcome = received.done()",
            "; // respond with 200, or with the status of the error"
        )]
        #[derive(Clone, Copy, Debug)]
        pub struct Deliveries<'a> {
            client: &'a Client,
        }

        /// A verified, new delivery for the caller to handle.
        ///
        /// If this value is dropped before [`done`](Self::done), the delivery is released: it can be claimed
        /// again when the service sends it again.
        ///
        /// To separate the delivery from its claim, write `let Received { verified, claim, .. } = received;`.
        ///
        #[doc = $crate::example!([$($async)*]
            "# let (headers, body) = (http::HeaderMap::new(), b\"\");\nlet received = match client.webhooks().receive(&headers, body)",
            " {\n    Ok(received) => received,\n    Err(declined) => return Ok(println!(\"respond with {}\", declined.status())),\n};\nfor change in &received.delivery.events {\n    println!(\"{:?} {}\", change.change_type, change.event.title);\n}\nlet outcome = received.done()",
            "; // respond with 200, or with the status of the error"
        )]
        #[derive(Debug)]
        #[non_exhaustive]
        pub struct Received {
            /// The verified delivery.
            pub verified: Verified,
            /// The right to handle the delivery.
            pub claim: Claim,
        }

        impl std::ops::Deref for Received {
            type Target = Verified;

            fn deref(&self) -> &Verified {
                &self.verified
            }
        }

        impl Received {
            /// Records the delivery as handled: see [`Claim::done`].
            ///
            /// # Errors
            /// If the guard could not record the delivery as handled. The delivery may then be
            /// handled again.
            pub $($async)* fn done(self) -> Result<(), Declined> {
                self.claim.done()$($wait)*
            }

            /// Releases the delivery: see [`Claim::release`].
            ///
            /// # Errors
            /// If the guard could not release the delivery.
            pub $($async)* fn release(self) -> Result<(), Declined> {
                self.claim.release()$($wait)*
            }
        }

        /// The right to handle a delivery until the lease ends. Dropping the claim releases the delivery.
        pub struct Claim(ClientClaim);

        impl Claim {
            /// Records the delivery as handled, so that the client refuses it if it arrives again.
            ///
            /// After this call, respond with 2xx. If the guard fails, this method tries again: it calls the
            /// guard at most three times.
            ///
            /// # Errors
            /// If the guard could not record the delivery as handled. The delivery may then be
            /// handled again.
            pub $($async)* fn done(self) -> Result<(), Declined> {
                self.0.done()$($wait)*.map_err(Declined::Guard)
            }

            /// Releases the delivery, so that it can be claimed again immediately.
            ///
            /// After this call, respond with 503, so that the service sends the delivery again.
            ///
            /// # Errors
            /// If the guard could not release the delivery. The delivery then stays claimed until
            /// the lease ends.
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
            /// Verifies a delivery, and returns it if it is new.
            ///
            /// Pass headers and body as received, because the signature does not match JSON that was parsed
            /// and written again. After handling the delivery, call [`Received::done`] and respond with 2xx.
            ///
            /// This method copies the body. Limit the size of the body when you read it, for example to 2
            /// MiB.
            ///
            /// # Errors
            /// If the delivery is not genuine or not new, or if the guard fails. [`Declined::status`] is the
            /// status to respond with.
            pub $($async)* fn receive(self, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, Declined> {
                let verified = self.verify(headers, body)$($wait)*?;
                let claimed = ClientClaim::claim(self.client, &verified.id)$($wait)*;
                match claimed.map_err(Declined::Guard)? {
                    Claimed::New(holding) => Ok(Received { verified, claim: Claim(*holding) }),
                    Claimed::InProgress => Err(Declined::InProgress),
                    Claimed::Done => Err(Declined::Handled),
                }
            }

            /// Verifies a delivery with the service's keys. Fetches the keys if necessary.
            ///
            /// If the signature matches a current key, this method does not wait for a fetch of newer keys.
            ///
            /// This method does not check whether the delivery was already handled.
            ///
            /// # Errors
            /// If the delivery could not be verified. [`Rejection::status`] is the status to respond with.
            pub $($async)* fn verify(self, headers: &http::HeaderMap, body: &[u8]) -> Result<Verified, Rejection> {
                let client = self.client;
                let mut step = client.receiver().ring.check(headers, body, client.now());
                loop {
                    step = match step {
                        CheckStep::Fetch(fetch, next) => {
                            client.fetch_keys(fetch)$($wait)*;
                            next.resume(client.now())
                        }
                        CheckStep::Done(outcome, background) => {
                            background.into_iter().for_each(|fetch| client.fetch_in_background(fetch));
                            return outcome;
                        }
                    };
                }
            }

            /// Returns the last fetched keys, which the application can store for its next start.
            pub fn keys(self) -> Option<FetchedKeys> {
                self.client.receiver().ring.fetched()
            }

            /// Sets stored keys, so that the first delivery does not wait for a fetch.
            ///
            /// If the client already has fetched or stored keys, this method has no effect.
            pub fn restore_keys(self, keys: FetchedKeys) {
                self.client.receiver().ring.restore(keys, self.client.now());
            }
        }

        /// The key ring, replay guard and fetch lock with which a client receives deliveries.
        pub(crate) struct Receiver {
            pub(crate) ring: KeyRing,
            pub(crate) guard: Box<dyn $Guard>,
            pub(crate) fetch_lock: FetchLock,
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
                Ok(Self { ring, guard, fetch_lock: FetchLock::default() })
            }
        }
    };
}

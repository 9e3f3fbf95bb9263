//! Refresh tokens change with every use. What an old one still does is the switch `rotation`.
//!
//! A sign-in starts a *family*; its first refresh token has generation 0, and a token minted from one of generation n has
//! generation n + 1. The newest generation of a family is the highest one minted.
//!
//! | `rotation` | a token that was used already | else |
//! |---|---|---|
//! | `strict` | `invalid_grant`, and nothing more | accepted |
//! | `family` | `invalid_grant`, and its family is revoked | accepted |
//! | `grace` | accepted while its generation is the newest or the one before, however often | accepted likewise |
//!
//! So under `grace` two refreshes of the same token that overlap both get a pair, and the two pairs are siblings: different
//! tokens of the same generation, each with its own access token, and both go on. Neither makes the other old. Only when one of
//! them is refreshed (newest: n + 2) is their parent (n) two behind; the sibling (n + 1) is one behind and still accepted.
//! A token two or more behind is taken for a stolen copy: `invalid_grant`, and every token of the user and client dies,
//! also those of other sign-ins.
//!
//! Rotation never ends an access token: it works until it expires or the family is revoked.

use super::access::Scope;
use super::grants::{Grants, RefreshToken};
use crate::settings::Rotation;

/// The place of a family in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FamilyId(pub(super) usize);

/// All tokens that come from one sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) scope: Scope,
    pub(crate) newest: u64,
    pub(crate) revoked: bool,
}

/// A refresh that was accepted: the place of the pair to mint.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) family: FamilyId,
    pub(crate) generation: u64,
    pub(crate) user: String,
    pub(crate) client: String,
}

/// A refresh that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Invalid,
    /// It was taken for a replay, and the sign-in was revoked.
    Revoked,
}

impl Grants {
    /// A new sign-in.
    pub(crate) fn start_family(&mut self, user: String, client: String, scope: Scope) -> Successor {
        let family = FamilyId(self.families.len());
        let one = Family { user: user.clone(), client: client.clone(), scope, newest: 0, revoked: false };
        self.families.push(one);
        Successor { family, generation: 0, user, client }
    }

    pub(crate) fn add_refresh(&mut self, token: String, place: &Successor) {
        let entry = RefreshToken { family: place.family, generation: place.generation, used: false };
        self.refresh.insert(token, entry);
        if let Some(family) = self.families.get_mut(place.family.0) {
            family.newest = family.newest.max(place.generation);
        }
    }

    /// Uses a refresh token under the rules of `rotation`.
    pub(crate) fn rotate(
        &mut self,
        token: &str,
        client: &str,
        rotation: Rotation,
    ) -> Result<Successor, Refused> {
        let presented = self.refresh.get_mut(token).ok_or(Refused::Invalid)?;
        let family = self.families.get_mut(presented.family.0).ok_or(Refused::Invalid)?;
        if family.revoked || family.client != client {
            return Err(Refused::Invalid);
        }
        match rotation {
            Rotation::Strict if presented.used => return Err(Refused::Invalid),
            Rotation::Family if presented.used => {
                family.revoked = true;
                return Err(Refused::Revoked);
            }
            Rotation::Grace if family.newest > presented.generation + 1 => {
                let family = presented.family;
                self.revoke_authorization(family);
                return Err(Refused::Revoked);
            }
            _ => {}
        }
        presented.used = true;
        Ok(Successor {
            family: presented.family,
            generation: presented.generation + 1,
            user: family.user.clone(),
            client: family.client.clone(),
        })
    }

    /// Ends every sign-in of the user and client that `family` belongs to.
    pub(super) fn revoke_authorization(&mut self, family: FamilyId) {
        let Some(owner) = self.families.get(family.0).cloned() else { return };
        let same = |family: &&mut Family| family.user == owner.user && family.client == owner.client;
        self.families.iter_mut().filter(same).for_each(|family| family.revoked = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_in() -> Grants {
        let mut grants = Grants::default();
        let place = grants.start_family("user".into(), "client".into(), Scope::Read);
        grants.add_refresh("0".into(), &place);
        grants
    }

    fn refresh(grants: &mut Grants, rotation: Rotation, old: &str, new: &str) -> Result<u64, Refused> {
        let place = grants.rotate(old, "client", rotation)?;
        grants.add_refresh(new.into(), &place);
        Ok(place.generation)
    }

    #[test]
    fn strict_refuses_a_replay_and_nothing_more() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Strict, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Strict, "0", "x"), Err(Refused::Invalid));
        assert_eq!(refresh(&mut grants, Rotation::Strict, "1", "2"), Ok(2));
    }

    #[test]
    fn family_revokes_on_any_replay() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Family, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Family, "0", "x"), Err(Refused::Revoked));
        assert_eq!(refresh(&mut grants, Rotation::Family, "1", "2"), Err(Refused::Invalid));
    }

    #[test]
    fn grace_lets_siblings_go_on_and_revokes_two_behind() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1a"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1b"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1a", "2a"), Ok(2));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1b", "2b"), Ok(2), "a sibling is one behind");
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "x"), Err(Refused::Revoked));
        assert_eq!(
            refresh(&mut grants, Rotation::Grace, "2a", "3"),
            Err(Refused::Invalid),
            "the whole sign-in is gone"
        );
    }

    #[test]
    fn grace_revokes_the_other_sign_ins_of_the_same_user_and_client_only() {
        let mut grants = signed_in();
        for (user, client, token) in
            [("user", "client", "second"), ("other", "client", "other"), ("user", "elsewhere", "elsewhere")]
        {
            let place = grants.start_family(user.into(), client.into(), Scope::Read);
            grants.add_refresh(token.into(), &place);
        }
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1", "2"), Ok(2));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "x"), Err(Refused::Revoked));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "second", "x"), Err(Refused::Invalid));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "other", "x"), Ok(1));
        assert!(grants.rotate("elsewhere", "elsewhere", Rotation::Grace).is_ok());
    }

    #[test]
    fn another_client_cannot_use_a_token() {
        assert_eq!(signed_in().rotate("0", "someone", Rotation::Grace).err(), Some(Refused::Invalid));
    }
}

//! Refresh token rotation: every refresh issues a new refresh token. The switch `rotation` sets whether an
//! old refresh token still works.
//!
//! A sign-in starts a *family* of tokens. The first refresh token of a family has generation 0. A refresh
//! with a token of generation n issues a token of generation n + 1. The newest generation of a family is the
//! highest generation issued.
//!
//! | `rotation` | a used token | an unused token |
//! |---|---|---|
//! | `strict` | refused with `invalid_grant`; other tokens stay valid | accepted |
//! | `family` | refused with `invalid_grant`, and the family is revoked | accepted |
//! | `grace` | accepted in the newest two generations | accepted in the newest two generations |
//!
//! With `grace`, two concurrent refreshes of the same token (generation n) get two sibling pairs: different
//! tokens of generation n + 1, both valid. When one sibling is refreshed, the newest generation is n + 2. The
//! second sibling is then one generation behind and still accepted. The token of generation n is two
//! generations behind. A token that is two or more generations behind counts as stolen. The sandbox refuses
//! this token with `invalid_grant` and revokes every token of the user and client, in all sign-ins.
//!
//! A refresh does not revoke the earlier access token, which works until it expires or its family is revoked.

use super::access::Scope;
use super::grants::{Grants, RefreshToken};
use crate::settings::Rotation;
use serde::{Deserialize, Serialize};

/// The index of a family in [`Grants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FamilyId(pub(super) usize);

/// All tokens of one sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Family {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) scope: Scope,
    pub(crate) newest: u64,
    pub(crate) revoked: bool,
}

/// The family and generation of the next token pair to issue.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) family: FamilyId,
    pub(crate) generation: u64,
    pub(crate) user: String,
    pub(crate) client: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshError {
    Invalid,
    /// The token counts as replayed, and the sign-in was revoked.
    Revoked,
}

impl Grants {
    /// Starts the token family of a new sign-in.
    pub(crate) fn start_family(&mut self, user: String, client: String, scope: Scope) -> Successor {
        let family = FamilyId(self.families.len());
        let one = Family { user: user.clone(), client: client.clone(), scope, newest: 0, revoked: false };
        self.families.push(one);
        Successor { family, generation: 0, user, client }
    }

    pub(crate) fn add_refresh(&mut self, token: String, successor: &Successor) {
        let entry = RefreshToken { family: successor.family, generation: successor.generation, used: false };
        self.refresh.insert(token, entry);
        if let Some(family) = self.families.get_mut(successor.family.0) {
            family.newest = family.newest.max(successor.generation);
        }
    }

    /// Exchanges a refresh token according to `rotation`.
    pub(crate) fn rotate(
        &mut self,
        token: &str,
        client: &str,
        rotation: Rotation,
    ) -> Result<Successor, RefreshError> {
        let presented = self.refresh.get_mut(token).ok_or(RefreshError::Invalid)?;
        let family = self.families.get_mut(presented.family.0).ok_or(RefreshError::Invalid)?;
        if family.revoked || family.client != client {
            return Err(RefreshError::Invalid);
        }
        match rotation {
            Rotation::Strict if presented.used => return Err(RefreshError::Invalid),
            Rotation::Family if presented.used => {
                family.revoked = true;
                return Err(RefreshError::Revoked);
            }
            Rotation::Grace if family.newest > presented.generation + 1 => {
                let family = presented.family;
                self.revoke_authorization(family);
                return Err(RefreshError::Revoked);
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

    /// Revokes every sign-in of the user and client of `family`.
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
        let successor = grants.start_family("user".into(), "client".into(), Scope::Read);
        grants.add_refresh("0".into(), &successor);
        grants
    }

    fn refresh(grants: &mut Grants, rotation: Rotation, old: &str, new: &str) -> Result<u64, RefreshError> {
        let successor = grants.rotate(old, "client", rotation)?;
        grants.add_refresh(new.into(), &successor);
        Ok(successor.generation)
    }

    #[test]
    fn strict_rotation_refuses_only_the_replayed_token() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Strict, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Strict, "0", "x"), Err(RefreshError::Invalid));
        assert_eq!(refresh(&mut grants, Rotation::Strict, "1", "2"), Ok(2));
    }

    #[test]
    fn family_rotation_revokes_the_family_on_replay() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Family, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Family, "0", "x"), Err(RefreshError::Revoked));
        assert_eq!(refresh(&mut grants, Rotation::Family, "1", "2"), Err(RefreshError::Invalid));
    }

    #[test]
    fn grace_rotation_accepts_siblings_and_revokes_two_behind() {
        let mut grants = signed_in();
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1a"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1b"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1a", "2a"), Ok(2));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1b", "2b"), Ok(2), "the sibling is one behind");
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "x"), Err(RefreshError::Revoked));
        assert_eq!(
            refresh(&mut grants, Rotation::Grace, "2a", "3"),
            Err(RefreshError::Invalid),
            "the whole sign-in is revoked"
        );
    }

    #[test]
    fn grace_rotation_revokes_all_sign_ins_of_user_and_client() {
        let mut grants = signed_in();
        for (user, client, token) in
            [("user", "client", "second"), ("other", "client", "other"), ("user", "elsewhere", "elsewhere")]
        {
            let successor = grants.start_family(user.into(), client.into(), Scope::Read);
            grants.add_refresh(token.into(), &successor);
        }
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "1"), Ok(1));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "1", "2"), Ok(2));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "0", "x"), Err(RefreshError::Revoked));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "second", "x"), Err(RefreshError::Invalid));
        assert_eq!(refresh(&mut grants, Rotation::Grace, "other", "x"), Ok(1));
        assert!(grants.rotate("elsewhere", "elsewhere", Rotation::Grace).is_ok());
    }

    #[test]
    fn refresh_token_of_another_client_is_refused() {
        assert_eq!(signed_in().rotate("0", "someone", Rotation::Grace).err(), Some(RefreshError::Invalid));
    }
}

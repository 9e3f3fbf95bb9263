//! The macro that implements the [`Endpoint`](connect_core::Endpoint) trait for calls.

/// Implements a call: `Type: METHOD "/path" -> Answer, Scope`, then methods that replace the defaults.
macro_rules! endpoint {
    ($name:ty: $method:ident $path:literal -> $answer:ty, $scope:ident { $($rest:item)* }) => {
        impl connect_core::Endpoint for $name {
            type Answer = $answer;

            fn method(&self) -> http::Method {
                http::Method::$method
            }

            fn path(&self) -> Result<std::borrow::Cow<'_, str>, connect_core::Error> {
                Ok($path.into())
            }

            fn operation(&self) -> &'static str {
                concat!(stringify!($method), " ", $path)
            }

            fn scope(&self) -> Option<connect_core::types::Scope> {
                Some($crate::Scope::$scope.into())
            }

            $($rest)*
        }
    };
}
pub(super) use endpoint;

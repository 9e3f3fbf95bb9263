//! The macro that implements the trait [`Endpoint`](connect_core::Endpoint) for calls.

/// Implements `Endpoint`.
///
/// Input: `Type: METHOD "/path" -> ResponseBody, Scope`, and methods that replace default methods of
/// `Endpoint`.
macro_rules! endpoint {
    ($name:ty: $method:ident $path:literal -> $answer:ty, $scope:ident { $($rest:item)* }) => {
        impl connect_core::Endpoint for $name {
            type Output = $answer;

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

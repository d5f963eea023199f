using System.Security.Authentication;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Direct;

/// <summary>Errors that are a peer's or the network's, rather than ours.</summary>
internal static class PeerTrouble
{
    public static bool Is(Exception exception) =>
        exception is AuthenticationException or CryptographicException or PayloadException or ChannelException || MqttLink.IsConnectionTrouble(exception);

    /// <summary>What to tell of it: of TLS's errors the inner one says more.</summary>
    public static string Of(Exception exception) => exception switch
    {
        OperationCanceledException or TimeoutException => "no answer in time",
        AuthenticationException { InnerException: { } inner } => inner.Message,
        _ => exception.Message,
    };
}

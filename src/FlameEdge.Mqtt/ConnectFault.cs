using System.Net.Sockets;
using FlameEdge.Diagnostics;
using MQTTnet.Exceptions;
using Polly.Timeout;

namespace FlameEdge.Mqtt;

/// <summary>Says in one line why a broker cannot be used.</summary>
internal static class ConnectFault
{
    /// <summary>Who of the two did not trust the other, and what to do about it; null where it was not a matter of trust.</summary>
    public static CredentialsException? OfTrust(Exception exception, ConnectAttempt attempt, MqttOptions options)
    {
        if (attempt.Trust?.Refusal is { } refusal)
        {
            return new CredentialsException($"the broker at {options.Host}:{options.Port} is not trusted: {refusal}", exception);
        }

        // In TLS 1.3 the broker judges our certificate after our side has finished its handshake. What it says then may be overtaken by the end of the connection.
        var cause = Innermost(exception);
        var isTold = cause.Message.Contains(" alert ", StringComparison.Ordinal);
        var isCutOff = cause is SocketException or IOException || exception is MqttCommunicationException and not MqttCommunicationTimedOutException;
        if (attempt.Trust is not { HasAccepted: true } || !(isTold || isCutOff))
        {
            return null;
        }

        var answer = isTold ? cause.Message[(cause.Message.LastIndexOf(':') + 1)..] : "it ended the connection after the TLS handshake";
        return new CredentialsException(
            options.CertificateFile is { } file
                ? $"the broker at {options.Host}:{options.Port} refuses the certificate {file} ({answer}); have one issued by an authority it trusts"
                : $"the broker at {options.Host}:{options.Port} asks for a certificate ({answer}); give this agent one with its key",
            exception)
        {
            IsCertain = isTold,
        };
    }

    /// <summary>No connection within the start's bound.</summary>
    public static ChannelException Unreachable(Exception cause, MqttOptions options)
    {
        if (cause is CredentialsException)
        {
            return new ChannelException(cause.Message, cause) { Fault = ChannelFault.BrokerUnreachable };
        }

        var why = cause is TimeoutException or TimeoutRejectedException or OperationCanceledException ? "no answer" : Innermost(cause).Message.TrimEnd('.');
        return new ChannelException($"cannot reach the broker at {options.Host}:{options.Port} within {options.StartTimeout.TotalSeconds:0.#} s ({why}); check that it runs, its address and the firewall", cause)
        {
            Fault = ChannelFault.BrokerUnreachable,
        };
    }

    /// <summary>The broker answered and said no: waiting does not cure it.</summary>
    public static ChannelException Refused(Exception cause, string clientId, MqttOptions options) => new(
        cause is CredentialsException ? cause.Message : $"the broker at {options.Host}:{options.Port} refuses client {clientId} ({cause.Message}); check user, password and access rights",
        cause)
    {
        Fault = ChannelFault.BrokerUnreachable,
    };

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is not null)
        {
            exception = exception.InnerException;
        }

        return exception;
    }
}

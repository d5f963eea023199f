using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt;

/// <summary>Looks after the files an agent shows the broker: when they change, its connections are renewed one after the other and its session is kept.</summary>
internal sealed partial class CredentialsWatch(Credentials credentials, MqttOptions options, Func<CancellationToken, Task> renew, TimeProvider time, ILogger logger)
{
    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var seen = credentials.Stamp();
        try
        {
            while (true)
            {
                await Task.Delay(options.CredentialsCheck, time, cancellationToken);
                if (credentials.Stamp() is var found && found != seen && AreUsable())
                {
                    seen = found;
                    LogRenewing(options.Host, options.Port);
                    await renew(cancellationToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
    }

    /// <summary>Certificate and key are two files: between the two writes they do not fit, and the connection that still works is kept.</summary>
    private bool AreUsable()
    {
        try
        {
            credentials.Check();
            return true;
        }
        catch (CredentialsException exception)
        {
            LogUnusable(exception.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Certificate or password for the broker at {Host}:{Port} changed: the connections are renewed.")]
    private partial void LogRenewing(string host, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Certificate or password changed and cannot be used: {Cause}. The present connections are kept.")]
    private partial void LogUnusable(string cause);
}

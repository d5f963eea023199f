namespace FlameEdge.Mqtt;

/// <summary>A certificate, key or password cannot be used, or the broker's certificate not be trusted. The message is one line that says what to do.</summary>
/// <param name="message">What is wrong with which file, and what to do next.</param>
/// <param name="inner">Where it was noticed.</param>
internal sealed class CredentialsException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True where trying again cannot help until somebody has changed something; false where it is the likeliest cause only.</summary>
    public bool IsCertain { get; init; } = true;
}

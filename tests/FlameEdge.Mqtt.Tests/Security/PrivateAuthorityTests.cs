using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Identity;
using FlameEdge.Testing;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>What an authority makes out, and what it refuses.</summary>
public sealed class PrivateAuthorityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void An_authority_is_never_overwritten()
    {
        PrivateAuthority.Create(folder["ca"], TimeProvider.System);
        var key = File.ReadAllText(folder["ca/ca.key"]);

        var failure = Assert.Throws<StateException>(() => PrivateAuthority.Create(folder["ca"], TimeProvider.System));

        Assert.Contains("never overwritten", failure.Message, StringComparison.Ordinal);
        Assert.Equal(key, File.ReadAllText(folder["ca/ca.key"]));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("+")]
    [InlineData("#")]
    [InlineData("../escape")]
    [InlineData("Press 1")]
    [InlineData("state")]
    [InlineData("")]
    public void A_name_that_is_no_topic_level_gets_no_certificate(string name)
    {
        var authority = PrivateAuthority.Create(folder["ca"], TimeProvider.System);

        Assert.Throws<TopologyException>(() => authority.Issue(new IdentityRequest(name)));

        Assert.Empty(authority.List());
    }

    [Fact]
    public void A_rotation_leaves_the_former_certificate_valid_and_listed_and_its_key_gone()
    {
        var authority = PrivateAuthority.Create(folder["ca"], TimeProvider.System);
        var first = authority.Issue(new IdentityRequest("press-1"));
        var firstKey = File.ReadAllText(first.KeyFile!); // The present one has a key.

        var second = authority.Rotate("press-1", TimeSpan.FromDays(60));

        Assert.NotEqual(first.Serial, second.Serial);
        Assert.NotEqual(firstKey, File.ReadAllText(second.KeyFile!)); // The present one has a key.
        Assert.Equal([(second.Serial, true), (first.Serial, false)], authority.List().Select(identity => (identity.Serial, identity.KeyFile is not null)));
        Assert.Throws<StateException>(() => authority.Issue(new IdentityRequest("press-1")));
    }

    [Fact]
    public void Keys_are_their_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("modes are a matter of Unix");
            return;
        }

        var authority = PrivateAuthority.Create(folder["ca"], TimeProvider.System);
        var issued = authority.Issue(new IdentityRequest("press-1"));

        foreach (var file in new[] { folder["ca/ca.key"], issued.KeyFile! }) // The present one has a key.
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    public void Dispose() => folder.Dispose();
}

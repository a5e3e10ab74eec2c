// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {Vm, vm} from "./support/Vm.sol";

/// @title Initialization of a proxy
contract InitializeTest is RewardsTest {
    function test_initialize_setsStateInProxyConstructor() public view {
        vm.assertEq(rewards.rewardToken(), address(token), "token");
        vm.assertEq(rewards.rewardMode(), MINT, "mode");
        vm.assertTrue(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), ADMIN), "admin");
        vm.assertTrue(rewards.hasRole(rewards.OPERATOR_ROLE(), OPERATOR), "operator");
        vm.assertFalse(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), address(this)), "deployer is nobody");
        vm.assertFalse(rewards.paused(), "not paused");
        vm.assertEq(rewards.rewardCap(), 0, "no cap per reward");
        vm.assertEq(rewards.dailyCap(), 0, "no daily cap");
        vm.assertEq(rewards.remainingToday(), type(uint256).max, "nothing bounds the day");
        vm.assertEq(rewards.version(), "2.1.0", "version");
    }

    function test_initialize_emitsTokenAndMode() public {
        address logic = implementation();
        bytes memory setup = abi.encodeCall(IRewardsProxy.initialize, (ADMIN, OPERATOR, address(token), TRANSFER));
        vm.recordLogs();
        address proxy = proxyOf(logic, setup);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 announced;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != proxy) continue;
            if (logs[i].topics[0] == IReferralRewards.RewardTokenUpdated.selector) {
                vm.assertEq(logs[i].topics[1], bytes32(uint256(uint160(address(token)))), "token");
                ++announced;
            }
            if (logs[i].topics[0] == IReferralRewards.RewardModeUpdated.selector) {
                vm.assertEq(abi.decode(logs[i].data, (uint256)), TRANSFER, "mode");
                ++announced;
            }
        }
        vm.assertEq(announced, 2, "one event each");
    }

    function test_initialize_revertsSecondTime() public {
        vm.expectRevert(IRewardsProxy.InvalidInitialization.selector);
        rewards.initialize(STRANGER, STRANGER, address(token), MINT);
    }

    function test_initialize_revertsOnImplementation() public {
        IRewardsProxy logic = IRewardsProxy(implementation());
        vm.expectRevert(IRewardsProxy.InvalidInitialization.selector);
        logic.initialize(ADMIN, OPERATOR, address(token), MINT);
    }

    function test_initialize_revertsOnZeroAdmin() public {
        refuses(address(0), OPERATOR, address(token), MINT, zeroAddress());
    }

    function test_initialize_revertsOnZeroOperator() public {
        refuses(ADMIN, address(0), address(token), MINT, zeroAddress());
    }

    function test_initialize_revertsOnZeroToken() public {
        refuses(ADMIN, OPERATOR, address(0), MINT, zeroAddress());
    }

    function test_initialize_revertsOnTokenWithoutCode() public {
        refuses(
            ADMIN,
            OPERATOR,
            STRANGER,
            MINT,
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__NotAContract.selector, STRANGER)
        );
    }

    function test_initialize_revertsOnUnknownMode() public {
        refuses(
            ADMIN,
            OPERATOR,
            address(token),
            2,
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__UnknownMode.selector, 2)
        );
    }

    /// The storage slot is derived from the namespace (ERC-7201), so a typo in the constant fails here.
    function test_storage_usesNamespace() public view {
        uint256 base = uint256(keccak256(abi.encode(uint256(keccak256("ring.storage.ReferralRewards")) - 1)));
        bytes32 slot = bytes32(base & ~uint256(0xff));
        vm.assertEq(address(uint160(uint256(vm.load(address(rewards), slot)))), address(token), "token slot");
    }

    function refuses(address admin, address operator, address rewardToken, uint8 mode, bytes memory reason) private {
        address logic = implementation();
        bytes memory setup = abi.encodeCall(IRewardsProxy.initialize, (admin, operator, rewardToken, mode));
        vm.expectRevert(reason);
        proxyOf(logic, setup);
    }

    function zeroAddress() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__ZeroAddress.selector);
    }
}
